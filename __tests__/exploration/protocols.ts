// What holders do, by the code itself.
export * from '../../lib/session/attempt.js';
export type { Outcome, Protocol } from '../../lib/session/protocol.js';
export * from '../../lib/session/register.js';
