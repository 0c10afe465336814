// What the entries in compat/ may use beside the public API. Nothing else imports it, and none of it is published.

export { askedDelay } from '../backoff.js'; // how long a server asks to wait
export { claimsOf } from '../expiry.js'; // what a JWT says
export { withCancellation } from '../interceptors/cancellation.js'; // a wait that ends with its request
export type { Answer, Hooks } from '../interceptors/exchange.js'; // another package's rules, for installWithHooks
export { headersOf } from '../interceptors/header.js';
export { innermost, othersFor, outermost, type Registration } from '../interceptors/innermost.js'; // the order of interceptors
export { installWithHooks } from '../interceptors/install.js';
export { settle } from '../interceptors/settle.js'; // what axios makes of a status
export { transform } from '../interceptors/transform.js'; // what axios makes of a body
export { pause, withDeadline } from '../platform/deadline.js';
export { own } from '../platform/own.js'; // what was given, and nothing of Object.prototype
