import { isNewer, isOfAnother, type StoreEntry } from '../stores/store.js';
import type { Token } from '../token.js';
import type { Current } from './current.js';
import { storeFailure } from './failure.js';
import type { SessionEvent } from './session-event.js';
import type { Holding } from './state.js';

/**
 * What a holder does with the register, the lock and the source: step by step, as generators. The session performs the
 * steps on a real store; the exploration performs them on a model, in every order in which messages can come.
 */
export type Protocol<T> = Generator<Step, T, unknown>;

/** One step. What comes back stands beside each of the functions below. */
export type Step =
  | { do: 'read' }
  | { do: 'write'; draft: Draft; above: number }
  | { do: 'ask'; token: Token | undefined }
  | { do: 'look' }
  | { do: 'apply'; event: SessionEvent }
  | { do: 'revoke'; token: Token }
  | { do: 'isWanted' };

/** An entry to be. When it is written it is given an id, and a version: one more than that of what it is to replace. */
export interface Draft {
  session: string;
  token?: Token;
  sent?: string | undefined;
}

/** What a write came to: `entry` is what is stored now. */
export interface Written {
  readonly won: boolean;
  readonly entry: StoreEntry;
}

/** What a look at ourselves shows. */
export interface Look {
  readonly holding: Holding;
  /** Our name among the holders of this store. */
  readonly holder: string;
  /** Has another holder marked this entry, and is that to be waited for? Not for longer than `holdMs`. */
  heeds(entry: StoreEntry): boolean;
  /** Is it to be marked before this token's refresh token is presented? */
  marks(token: Token): boolean;
  /** Is the access token still good? */
  serves(token: Token): boolean;
  /** Makes a token one to be used. */
  currentOf(session: string, token: Token): Current;
  /** A name for a new session. */
  newSession(): string;
}

/**
 * How an attempt ended. `unwanted`: somebody has signed in or out before it began. `marked`: another holder has sent this
 * refresh token, or is about to.
 */
export type Outcome = { kind: 'kept' | 'adopted' | 'unwanted' } | { kind: 'marked'; entry: StoreEntry };

/** What `obtain()` has brought, and the session that it belongs to: an earlier attempt may have stored it. */
export interface Obtained {
  readonly session: string;
  token?: Token;
}

// After so many lost writes in a row the store is taken to be broken.
const MOST_ROUNDS = 20;

export const look = function* (): Protocol<Look> {
  return (yield { do: 'look' }) as Look;
};
export const apply = function* (event: SessionEvent): Protocol<void> {
  yield { do: 'apply', event };
};
export const ask = function* (token?: Token): Protocol<Token> {
  return (yield { do: 'ask', token }) as Token;
};
export const revoke = function* (token: Token): Protocol<void> {
  yield { do: 'revoke', token };
};
export const isWanted = function* (): Protocol<boolean> {
  return (yield { do: 'isWanted' }) as boolean;
};

/** What the store holds. If it was emptied, and written anew by others, then what it held before counts no more. */
export function* read(): Protocol<StoreEntry | undefined> {
  const { stored } = (yield* look()).holding;
  let entry = (yield { do: 'read' }) as StoreEntry | undefined;
  if (!stored || !isOfAnother(entry, stored)) return entry;
  // A store may answer once with what it held some time ago.
  entry = (yield { do: 'read' }) as StoreEntry | undefined;
  if (isOfAnother(entry, stored)) yield* apply({ is: 'emptied', before: stored });
  return entry;
}

/** The version of the newest entry that is known to be stored. */
export function* known(): Protocol<number> {
  return (yield* look()).holding.stored?.version ?? 0;
}

/** Writes `draft` above `above`, then above whatever `mayReplace` says, and nothing else. */
export function* write(
  draft: Draft,
  above: number,
  mayReplace: (entry: StoreEntry) => boolean | Protocol<boolean>,
): Protocol<Written> {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const written = (yield { do: 'write', draft, above }) as Written;
    if (written.won) return written;
    above = written.entry.version;
    const may = mayReplace(written.entry);
    if (!(typeof may === 'boolean' ? may : yield* may)) return written;
  }
  throw storeFailure(new Error(`It answered ${MOST_ROUNDS} writes with another entry`));
}

/** What a write may replace: the version that it was made of, and the refresh token that was presented for it. */
export interface Base {
  readonly base: number;
  readonly presented?: string | undefined;
}

/** Does this entry have the refresh token that was presented, whatever else was changed in it? */
export function isBase(entry: StoreEntry, session: string, presented: string | undefined): boolean {
  return Boolean(entry.token) && entry.session === session && entry.token?.refreshToken === presented;
}

/** Takes over what the store holds. @returns was it anything new? */
export function* take(entry: StoreEntry | undefined, lost?: Token): Protocol<boolean> {
  const { holding, currentOf } = yield* look();
  if (!isNewer(entry, holding.stored)) return false;
  const current = entry.token && currentOf(entry.session, entry.token);
  yield* apply({ is: 'found', entry, current, ...(lost && { lost }) });
  return true;
}
