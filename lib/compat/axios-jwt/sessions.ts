import axios from 'axios';
import {
  type BearerError,
  createSession,
  type Session,
  type StoreEntry,
  type TokenSource,
  type TokenStore,
} from '../../index.js';
import { own } from '../internal.js';
import { expiryOf } from './claims.js';
import { type Entry, type IAuthTokens, type SharedStorage, sharedStorageOf, withLockOf } from './shared-storage.js';
import type { StorageType } from './storage.js';

export const NO_REFRESH_TOKEN = 'No refresh token available';

/** Called with the refresh token. Answers a new access token, or both. */
export type TokenRefreshRequest = (refreshToken: string) => Promise<string | IAuthTokens>;

export interface SessionsOptions {
  requestRefresh: TokenRefreshRequest;
  storage: () => StorageType | undefined;
  /** ms before its end from when on a token is refreshed first. */
  leeway: number;
  /** Stands between the header's scheme and the token. */
  tokenPrefix?: string;
  /** Begins the message of a refresh that failed. */
  errorPrefix?: string;
}

/** The session for the tokens in a storage: a new one whenever another tab, or the app, has written there. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #source: TokenSource;
  #session: Session | undefined;
  #seen: Entry | undefined;
  /** Of the latest refresh. */
  #response: Partial<IAuthTokens> | undefined;
  #isCalling = false;

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#source = {
      needsRefreshToken: true,
      refresh: ({ refreshToken }) => this.#refresh(refreshToken as string),
      // Any other refusal may pass: the user stays signed in.
      isRejected: (error) => axios.isAxiosError(error) && [401, 422].includes(error.response?.status ?? 0),
    };
  }

  /** For a request. It may be the refresh call itself, which must not wait for the storage. */
  resolve(): Session | undefined | Promise<Session | undefined> {
    return this.#isCalling ? this.#session : this.current();
  }

  /** @throws the failure of `work`, in axios-jwt's words */
  async withAxiosJwtErrors<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      const { code, message } = error as BearerError;
      throw new Error(
        code === 'ERR_BEARER_SIGNED_OUT' ? `${this.#options.errorPrefix ?? ''}${NO_REFRESH_TOKEN}` : message,
      );
    }
  }

  /** The storage is asked each time, as axios-jwt does: another tab, or a `localStorage.clear()`, counts at once. */
  async current(): Promise<Session | undefined> {
    const storage = this.#options.storage();
    const shared = storage && sharedStorageOf(storage);
    const entry = await shared?.read();
    if (!shared || !entry?.tokens) return undefined;
    if (entry === this.#seen) return this.#session;
    this.#seen = entry;
    this.#session = this.#begin(shared, entry.tokens);
    return this.#session;
  }

  #begin(storage: SharedStorage, tokens: IAuthTokens): Session {
    const { errorPrefix = '' } = this.#options;
    const onWrite = (entry: Entry) => {
      if (this.#session === session) this.#seen = entry;
    };
    const session = createSession({ source: this.#source, store: this.#store(storage, tokens, onWrite), leeway: 0 });
    // Requests that wait get copies of this error, so its message is made axios-jwt's.
    session.on('refreshFailed', ({ error }) => {
      error.message = errorPrefix + reasonOf(error);
    });
    return session;
  }

  #store(storage: SharedStorage, first: IAuthTokens, onWrite: (entry: Entry) => void): TokenStore {
    return {
      read: async () => {
        const entry = await storage.read();
        return entry && this.#storedOf(entry);
      },
      write: async (next) => {
        const entry = await storage.write(next.version, (found) => this.#entryOf(next, found));
        if (entry.id === next.id) onWrite(entry);
        return this.#storedOf(entry);
      },
      withLock: (task, options) => withLockOf((storage.entry?.tokens ?? first).refreshToken, task, options),
    };
  }

  /** As the session reads it. A missing access token is read as one that has ended. */
  #storedOf({ tokens, ...entry }: Entry): StoreEntry {
    if (!tokens) return entry;
    const { accessToken, refreshToken } = own(tokens) as IAuthTokens;
    const token = accessToken ? this.#tokenOf(accessToken) : { accessToken: '', expiresAt: 0 };
    return { ...entry, token: { ...token, refreshToken, issuedAt: 0 } };
  }

  #tokenOf(accessToken: string) {
    const { leeway, tokenPrefix = '' } = this.#options;
    const expiry = expiryOf(accessToken);
    return { accessToken: tokenPrefix + accessToken, ...(expiry && { expiresAt: expiry - leeway }) };
  }

  /**
   * As axios-jwt writes it. Other fields that were stored stay, unless the response was an object: then its fields replace
   * them. A token that was refused for good, and has no refresh token any more, is cleared.
   */
  #entryOf({ token, ...next }: StoreEntry, found: Entry | undefined): Entry {
    if (!token?.refreshToken) return next;
    const { refreshToken } = token;
    const accessToken = token.accessToken.slice(this.#options.tokenPrefix?.length ?? 0);
    const before = found?.tokens;
    // The same tokens: what axios-jwt has written there stays.
    if (before?.refreshToken === refreshToken && (before.accessToken ?? '') === accessToken)
      return { ...next, tokens: before };
    const rest = this.#response?.accessToken === accessToken ? this.#response : before;
    return { ...next, tokens: { ...rest, accessToken, refreshToken } };
  }

  async #refresh(refreshToken: string) {
    const response = await this.#ask(refreshToken);
    this.#response = typeof response === 'object' ? response : undefined;
    const { accessToken, refreshToken: next } = own<Partial<IAuthTokens>>(
      typeof response === 'string' ? { accessToken: response } : response,
    );
    if (!accessToken) throw new Error('requestRefresh must either return a string or an object with an accessToken');
    return { ...this.#tokenOf(accessToken), refreshToken: next };
  }

  async #ask(refreshToken: string): Promise<Partial<IAuthTokens> | string | undefined> {
    try {
      return await this.#call(refreshToken);
    } catch (error) {
      // As axios-jwt: only an Error has a message.
      throw error instanceof Error ? error : new Error('');
    }
  }

  #call(refreshToken: string): Promise<string | IAuthTokens> {
    this.#isCalling = true;
    try {
      return this.#options.requestRefresh(refreshToken);
    } finally {
      this.#isCalling = false;
    }
  }
}

/** In axios-jwt's words. */
function reasonOf({ code, cause, message }: BearerError): string {
  if (code === 'ERR_BEARER_REJECTED') {
    const { status } = cause as Error & { status?: number };
    return `Got ${status} on token refresh; clearing both auth tokens`;
  }
  if (cause?.message === '') return 'Failed to refresh auth token and failed to parse error';
  return `Failed to refresh auth token: ${cause?.message ?? message}`;
}
