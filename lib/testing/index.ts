/**
 * A server like api.video's over real HTTP, a clock, and the cases that judge a store: what our own tests use, for yours.
 * Node only.
 *
 * @module axios-bearer/testing
 */
export type { ApiVideo } from './api-video.js';
export { type Clock, fakeClock } from './clock.js';
export type { ApiRequest } from './http/request.js';
export type { ApiVideoOptions } from './options.js';
export type { Echo } from './routes/utility.js';
export type { CannedFault, Fault, FaultOptions, ScriptedFault, WireFault } from './script/faults.js';
export type { Hold } from './script/holds.js';
export type { Where } from './script/where.js';
export { startApiVideo } from './server.js';
export type { TokenAnswer } from './state/authority.js';
export type { LogEntry, Stats } from './state/ledger.js';
export type { Video } from './state/videos.js';
export { storeCases } from './stores/cases.js';
export type { OpenStore, StoreCase, StoreCaseOptions } from './stores/options.js';
