import { bearerError } from '../errors.js';
import { atMost } from '../platform/deadline.js';
import { own } from '../platform/own.js';
import type { Lock } from '../stores/store.js';
import { isLive, type Token } from '../token.js';
import { type Asking, ask, canRefresh } from './ask.js';
import type { Current } from './current.js';
import type { Effect } from './effects.js';
import { Failure } from './failure.js';
import { newId } from './ids.js';
import type { Life } from './life.js';
import { EXPIRY, SIGN_IN } from './pending.js';
import type { Look, Protocol, Step } from './protocol.js';
import { endInStoreSteps } from './register.js';
import { run } from './run.js';
import { isDoubted } from './state.js';

const REJECTED_ELSEWHERE = 'The refresh token was refused for good, for another holder of the store: sign in again';

interface Place {
  readonly lock?: Lock | undefined;
  /** Fires when nobody waits for the outcome any more: what comes after that is left to the next read. */
  readonly signal?: AbortSignal | undefined;
  /** Runs what tells those that watch, once the lock is free. */
  readonly tell?: ((watchers: () => void) => void) | undefined;
  /** Is the outcome still asked for? */
  readonly wanted?: (() => boolean) | undefined;
}

/** Performs the steps of a protocol on the store and the source of a session. */
export function perform(life: Life, place?: Place): (step: Step) => unknown {
  const { lock, signal, tell, wanted = () => true } = own(place);
  return (step) => {
    if (signal?.aborted) throw new Error('It came too late');
    switch (step.do) {
      case 'read':
        return life.store.read();
      case 'write':
        return life.store.write(step.draft, step.above);
      case 'ask':
        return askSource(life, step.token, lock);
      case 'look':
        return lookAt(life);
      case 'apply':
        return life.apply(step.event, tell);
      case 'revoke':
        return void revoke(life, step.token);
      case 'isWanted':
        return wanted();
    }
  };
}

/** Does what follows from a transition at the store and the source. */
export function act(life: Life, effect: Effect): void {
  if (effect.do === 'revoke') void revoke(life, effect.token);
  if (effect.do === 'signOut') run(endInStoreSteps(effect.session, effect.only), perform(life)).catch(() => {});
}

/** Runs a protocol under the store's lock. Those that watch are told when it is free again. @throws Failure */
export async function underLock<T>(
  life: Life,
  protocol: Protocol<T>,
  { waitMs, wanted }: { waitMs: number; wanted?: () => boolean },
): Promise<T> {
  const told: (() => void)[] = [];
  const tell = (watchers: () => void) => void told.push(watchers);
  let unlocked = () => {};
  const task = (lock: Lock) => {
    // A lock that is not given back when the store is closed keeps the others waiting.
    const free = new Promise<void>((resolve) => {
      unlocked = resolve;
    });
    void life.parts.running.track(free);
    return run(protocol, perform(life, { lock, wanted, tell }));
  };
  try {
    return await life.store.withLock(task, waitMs);
  } finally {
    unlocked();
    for (const watchers of told) watchers();
  }
}

/**
 * Revokes a token that nobody will hold any more (RFC 7009), where the source can. Its failure harms nothing. One that is in
 * use is left: servers that do not rotate give the same refresh token to all.
 *
 * @param keepsAlive does somebody wait for it?
 */
export async function revoke(life: Life, token: Token, keepsAlive = false): Promise<void> {
  const { settings, client, current } = life;
  const { source, refreshTimeout } = settings;
  const name = token.refreshToken ? 'refreshToken' : 'accessToken';
  if (current?.token[name] === token[name]) return;
  const task = async (signal: AbortSignal) =>
    source.revoke?.(token, { signal, attempt: 0, client: client(signal, () => true) });
  await atMost(refreshTimeout, task, keepsAlive);
}

function lookAt(life: Life): Look {
  const { holding, parts, settings, mark } = life;
  const { holder } = parts;
  return {
    holding,
    holder,
    heeds: (entry) => entry.sent !== undefined && entry.sent !== holder && !mark?.isOver(entry),
    marks: (token) => settings.store !== undefined && token.refreshToken !== undefined && !obtains(life, token),
    serves: (token) => isLive(token, Date.now()),
    currentOf: (session, token) => life.currentOf(session, token),
    newSession: newId,
  };
}

/** With no token, may the source be asked for a first one? */
export function isObtainable({ settings, holding }: Life): boolean {
  return Boolean(settings.source.obtain && holding.state.is === 'empty');
}

/** Can another token follow this one without a sign-in? */
export function isRenewable({ settings: { source }, holding: { state } }: Life, { token }: Current): boolean {
  if (state.is === 'active' && state.rejection) return false;
  return canRefresh(source, token) || Boolean(source.obtain);
}

/** Does the source obtain a token, rather than refresh this one? */
export function obtains({ settings: { source }, holding: { state } }: Life, token: Token | undefined): boolean {
  if (!token) return source.obtain !== undefined;
  return (state.is === 'active' && state.mustObtain) || !canRefresh(source, token);
}

/**
 * A token that came when nobody waited for it any more: it may be the only one left.
 *
 * @param session for which it was asked
 */
function keepLate(life: Life, session: string, presented: string | undefined, token: Token): void {
  const { state } = life.holding;
  if (state.is !== 'active' || state.current.session !== session) return void revoke(life, token);
  if (state.unsaved || presented !== state.current.token.refreshToken) return;
  life.parts.refreshTokens.presented(presented, session, token);
  life.apply({ is: 'made', session: state.current.session, unsaved: { token, presented } });
  life.parts.outage.end();
  life.renewal(EXPIRY);
}

/** With an access token of no use there is nothing to lose by another attempt. */
function mayTellByStatus({ settings, holding }: Life, token: Token | undefined): boolean {
  const isOfUse = token && isLive(token, Date.now()) && !isDoubted(holding.state);
  return !isOfUse && settings.isOfKnownProtocol;
}

/** @throws Failure */
export async function askSource(life: Life, token: Token | undefined, lock?: Lock): Promise<Token> {
  const { settings, store, parts, cookies, client, pending } = life;
  const { outage, refreshTokens } = parts;
  const { source, refreshTimeout, refreshRetries, backoff } = settings;
  const session = life.current?.session ?? '';
  const isObtained = obtains(life, token);
  // Another holder was refused for good, and has stored its token without the refresh token.
  if (isObtained && !source.obtain)
    throw new Failure(bearerError('ERR_BEARER_REJECTED', REJECTED_ELSEWHERE), 'unavailable');
  const presented = isObtained ? undefined : token?.refreshToken;
  const asking: Asking = {
    source,
    refreshTimeout,
    client,
    attempt: outage.failures,
    cause: pending?.cause ?? SIGN_IN,
    cookies,
    known: store.known,
    lock,
    obtains: isObtained,
    statuses: mayTellByStatus(life, token) ? pending?.statuses : undefined,
    isLast: outage.failures >= refreshRetries,
    cap: backoff.cap,
    spends: refreshTokens.isSpentByUse(presented),
    interactive: source.interactive === true && isObtained,
    onLate: (made) => (isObtained ? void revoke(life, made) : keepLate(life, session, presented, made)),
  };
  refreshTokens.present(presented);
  let made: Token | undefined;
  try {
    made = await ask(asking, token);
    store.remember(made);
    return made;
  } finally {
    refreshTokens.presented(presented, session, made);
  }
}
