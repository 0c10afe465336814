import axios from 'axios';
import {
  type BearerError,
  createSession,
  type Session,
  type StoreEntry,
  type TokenSource,
  type TokenStore,
} from '../../index.js';
import { expiryOf } from './claims.js';
import { type Entry, type IAuthTokens, type Shelf, shelfOf, withLockOf } from './shared-storage.js';
import type { StorageType } from './storage.js';

export const NO_REFRESH_TOKEN = 'No refresh token available';

/** Called with the refresh token. Answers a new access token, or both. */
export type TokenRefreshRequest = (refreshToken: string) => Promise<string | IAuthTokens>;

export interface Terms {
  requestRefresh: TokenRefreshRequest;
  storage: () => StorageType | undefined;
  /** ms before its end from when on a token is refreshed first. */
  leeway: number;
  /** What stands between the header's scheme and the token. */
  affix?: string;
  /** What axios-jwt's text begins with when a refresh fails. */
  blame?: string;
}

/** The session that a storage stands for: a new one whenever somebody else has written there. */
export class Sessions {
  readonly #terms: Terms;
  readonly #source: TokenSource;
  #session: Session | undefined;
  #seen: Entry | undefined;
  #answer: Partial<IAuthTokens> | undefined;
  #isAsking = false;

  constructor(terms: Terms) {
    this.#terms = terms;
    this.#source = {
      needsRefreshToken: true,
      refresh: ({ refreshToken }) => this.#refresh(refreshToken as string),
      // Any other refusal may pass: the user stays signed in.
      isRejected: (error) => axios.isAxiosError(error) && [401, 422].includes(error.response?.status ?? 0),
    };
  }

  /** For a request. The refresh call may be one: it is not to wait for itself. */
  resolve(): Session | undefined | Promise<Session | undefined> {
    return this.#isAsking ? this.#session : this.current();
  }

  /** @throws what `work` fails with, in axios-jwt's words */
  async worded<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const { code, message } = error as BearerError;
      throw new Error(code === 'ERR_BEARER_SIGNED_OUT' ? `${this.#terms.blame ?? ''}${NO_REFRESH_TOKEN}` : message);
    }
  }

  /** The storage is asked each time, as axios-jwt does: another tab, or a `localStorage.clear()`, counts at once. */
  async current(): Promise<Session | undefined> {
    const storage = this.#terms.storage();
    const shelf = storage && shelfOf(storage);
    const entry = await shelf?.read();
    if (!shelf || !entry?.tokens) return undefined;
    if (entry === this.#seen) return this.#session;
    this.#seen = entry;
    this.#session = this.#begin(shelf, entry.tokens);
    return this.#session;
  }

  #begin(shelf: Shelf, tokens: IAuthTokens): Session {
    const { blame = '' } = this.#terms;
    const wrote = (entry: Entry) => {
      if (this.#session === session) this.#seen = entry;
    };
    const session = createSession({ source: this.#source, store: this.#store(shelf, tokens, wrote), leeway: 0 });
    // Those that wait are given a copy of this error, which speaks in axios-jwt's words.
    session.on('refreshFailed', ({ error }) => {
      error.message = blame + reasonOf(error);
    });
    return session;
  }

  #store(shelf: Shelf, first: IAuthTokens, wrote: (entry: Entry) => void): TokenStore {
    return {
      read: async () => {
        const entry = await shelf.read();
        return entry && this.#storedOf(entry);
      },
      write: async (next) => {
        const entry = await shelf.write(next.version, (found) => this.#entryOf(next, found));
        if (entry.id === next.id) wrote(entry);
        return this.#storedOf(entry);
      },
      withLock: (task, options) => withLockOf((shelf.entry?.tokens ?? first).refreshToken, task, options),
    };
  }

  /** As our session reads it. Without an access token it is one that has ended. */
  #storedOf({ tokens, ...entry }: Entry): StoreEntry {
    if (!tokens) return entry;
    const { accessToken, refreshToken } = tokens;
    const token = accessToken ? this.#tokenOf(accessToken) : { accessToken: '', expiresAt: 0 };
    return { ...entry, token: { ...token, refreshToken, issuedAt: 0 } };
  }

  #tokenOf(accessToken: string) {
    const { leeway, affix = '' } = this.#terms;
    const expiry = expiryOf(accessToken);
    return { accessToken: affix + accessToken, ...(expiry && { expiresAt: expiry - leeway }) };
  }

  /**
   * As axios-jwt writes it: what else was stored stays, unless the answer brings it anew; and a token that was refused for
   * good, which has no refresh token any more, is cleared.
   */
  #entryOf({ token, ...next }: StoreEntry, found: Entry | undefined): Entry {
    if (!token?.refreshToken) return next;
    const { refreshToken } = token;
    const accessToken = token.accessToken.slice(this.#terms.affix?.length ?? 0);
    const before = found?.tokens;
    // The same tokens, with another mark: the storage is left as axios-jwt knows it.
    if (before?.refreshToken === refreshToken && (before.accessToken ?? '') === accessToken)
      return { ...next, tokens: before };
    const rest = this.#answer?.accessToken === accessToken ? this.#answer : before;
    return { ...next, tokens: { ...rest, accessToken, refreshToken } };
  }

  async #refresh(refreshToken: string) {
    const answer = await this.#ask(refreshToken);
    this.#answer = typeof answer === 'object' ? answer : undefined;
    const { accessToken, refreshToken: next } = typeof answer === 'string' ? { accessToken: answer } : (answer ?? {});
    if (!accessToken) throw new Error('requestRefresh must either return a string or an object with an accessToken');
    return { ...this.#tokenOf(accessToken), refreshToken: next };
  }

  async #ask(refreshToken: string): Promise<Partial<IAuthTokens> | string | undefined> {
    try {
      return await this.#call(refreshToken);
    } catch (error) {
      // What is no error has no message either.
      throw error instanceof Error ? error : new Error('');
    }
  }

  #call(refreshToken: string): Promise<string | IAuthTokens> {
    this.#isAsking = true;
    try {
      return this.#terms.requestRefresh(refreshToken);
    } finally {
      this.#isAsking = false;
    }
  }
}

/** axios-jwt's words for it. */
function reasonOf({ code, cause, message }: BearerError): string {
  if (code === 'ERR_BEARER_REJECTED') {
    const { status } = cause as Error & { status?: number };
    return `Got ${status} on token refresh; clearing both auth tokens`;
  }
  if (cause?.message === '') return 'Failed to refresh auth token and failed to parse error';
  return `Failed to refresh auth token: ${cause?.message ?? message}`;
}
