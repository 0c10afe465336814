/** What tests of the whole share: one import for all of it. */
export * from './kit/adapters.js';
export * from './kit/cleanup.js';
export * from './kit/client.js';
export * from './kit/clock.js';
export * from './kit/copies.js';
export * from './kit/deferred.js';
export * from './kit/events.js';
export * from './kit/failure.js';
export * from './kit/gate.js';
export * from './kit/interceptors.js';
export * from './kit/server.js';
export * from './kit/store.js';
