import type { Fault, FaultOptions } from './script/faults.js';
import type { Hold } from './script/holds.js';
import type { Where } from './script/where.js';
import type { TokenAnswer } from './state/authority.js';
import type { LogEntry, Stats } from './state/ledger.js';

/** A running server, and a test's levers on it. */
export interface ApiVideo {
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  readonly url: string;
  /** A key that `POST /auth/api-key` takes: the first of `apiKeys`. */
  readonly apiKey: string;
  /** Counters; live. */
  readonly stats: Readonly<Stats>;
  /** Every request so far, in order of arrival; live. */
  readonly log: readonly LogEntry[];

  /** Called to start a test signed in: mints tokens of a new family, as `POST /auth/api-key` would, without HTTP. */
  issue(): TokenAnswer;
  /** Called to let tokens expire at will: all access tokens and cookies so far are refused; refresh tokens live on. */
  expire(): void;
  /** Called to end a session at its root: all refresh tokens so far are refused; access tokens live on. */
  revokeRefreshTokens(): void;
  /** Called to change `expires_in` (seconds) of what is minted from now on. */
  setExpiresIn(seconds: number): void;

  /**
   * Called to script what goes wrong, and where; the first fault that matches and has times left is played. Returns the
   * function that removes it.
   */
  fault(where: Where, fault: Fault, options?: FaultOptions): () => void;
  /** Called to make requests wait at the door until `release()`: tests then need no sleeping. */
  hold(where: Where): Hold;
  /** Called between tests: counters, log, faults and holds as at the start. Tokens, videos and options stay. */
  reset(): void;
  /** Called at the end: stops listening and destroys open sockets. Once or often, the same. */
  close(): Promise<void>;
}
