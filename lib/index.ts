/**
 * Attaches the Bearer token, refreshes it once for all requests that need it, replays them. Begin with {@link bearer}.
 *
 * @module axios-bearer
 */
export type { Backoff, RefreshWindow } from './backoff.js';
export { bearer, createSession, type SessionResolver } from './bearer.js';
export { type BearerError, type BearerErrorCode, isBearerError } from './errors.js';
export type { BearerRequestOptions } from './interceptors/config.js';
export { type Replayable, replayable } from './interceptors/replayable.js';
export type { InstallOptions, Origins, SessionOptions } from './options.js';
export type { BearerEvent, BearerEvents, Listener, RequestInfo, SignOutReason, SkipReason } from './session/events.js';
export type { AnyAxios, TokenRequest } from './session/joins.js';
export { Session } from './session/session.js';
export type { SessionState, TokenFacts } from './session/snapshot.js';
export type { RefreshFunction, SourceContext, TokenSource } from './sources/source.js';
export { staticToken } from './sources/static.js';
export { memoryStore } from './stores/memory.js';
export { type KeyValueStorage, storageStore } from './stores/storage.js';
export type { Lock, LockOptions, StoreEntry, TokenStore } from './stores/store.js';
export type { Token, TokenResponse } from './token.js';
