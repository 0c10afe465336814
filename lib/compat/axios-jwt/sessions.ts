import axios from 'axios';
import {
  type BearerError,
  createSession,
  type Held,
  type Session,
  type Stored,
  type TokenSource,
  type TokenStore,
} from '../../index.js';
import { expiryOf } from './claims.js';
import { type Entry, exclusively, type IAuthTokens, type Shelf, shelfOf } from './shelf.js';
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
    if (!shelf || !entry) return undefined;
    if (entry === this.#seen) return this.#session;
    this.#seen = entry;
    this.#session = this.#begin(shelf, entry);
    return this.#session;
  }

  #begin(shelf: Shelf, entry: Entry): Session {
    const { blame = '' } = this.#terms;
    const session = createSession({ source: this.#source, store: this.#store(shelf, entry), leeway: 0 });
    // Those who wait are given a copy of this error, which speaks in axios-jwt's words.
    session.on('refreshFailed', ({ error }) => {
      error.message = blame + reasonOf(error);
    });
    return session;
  }

  #store(shelf: Shelf, first: Entry): TokenStore {
    const commit = async (before: Entry | undefined, next: Stored | undefined) => {
      const after = this.#entryOf(next, before);
      const done = await shelf.commit(before, after);
      if (done) this.#seen = after;
      return done;
    };
    const enter = async (): Promise<Held> => {
      const before = await shelf.read();
      const { signal } = new AbortController();
      return { current: this.#storedOf(before), commit: (next) => commit(before, next), signal };
    };
    return {
      // Just read, which is why there is a session.
      read: async () => this.#storedOf(first),
      exclusive: (task, options) =>
        exclusively((shelf.entry ?? first).tokens.refreshToken, async () => task(await enter()), options),
      replace: (next) => shelf.replace(this.#entryOf(next, shelf.entry)),
    };
  }

  /** As our session reads it. Without an access token it is one that has ended. */
  #storedOf(entry: Entry | undefined): Stored | undefined {
    if (!entry) return undefined;
    const { session, generation, tokens } = entry;
    const { accessToken, refreshToken } = tokens;
    const token = accessToken ? this.#tokenOf(accessToken) : { accessToken: '', expiresAt: 0 };
    return { session, generation, token: { ...token, refreshToken, issuedAt: 0 } };
  }

  #tokenOf(accessToken: string) {
    const { leeway, affix = '' } = this.#terms;
    const expiry = expiryOf(accessToken);
    return { accessToken: affix + accessToken, ...(expiry && { expiresAt: expiry - leeway }) };
  }

  /** As axios-jwt writes it: what else was stored stays, unless the answer brings it anew. */
  #entryOf(next: Stored | undefined, before: Entry | undefined): Entry | undefined {
    if (!next) return undefined;
    const { session, generation, token } = next;
    const accessToken = token.accessToken.slice(this.#terms.affix?.length ?? 0);
    const rest = this.#answer?.accessToken === accessToken ? this.#answer : before?.tokens;
    const tokens = { ...rest, accessToken, refreshToken: token.refreshToken as string };
    return { session, generation, tokens };
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
