import type { BearerError } from '../errors.js';
import type { SessionSettings } from '../read-options.js';
import type { Token, TokenResponse } from '../token.js';
import type { ClientFactory } from './ask.js';
import type { BoundedStore } from './bounded-store.js';
import type { Current } from './current.js';
import type { Events } from './events.js';
import type { Mark } from './mark.js';
import type { Parts } from './parts.js';
import type { AskReason, Pending, PendingOptions, Work } from './pending.js';
import type { SessionEvent } from './session-event.js';
import type { SharedPromise } from './shared-promise.js';
import type { Holding } from './state.js';

/** What the parts of a session know of its lifecycle; `Lifecycle` says what each of these is. */
export interface Life {
  readonly settings: SessionSettings;
  readonly events: Events;
  readonly parts: Parts;
  readonly store: BoundedStore;
  readonly client: ClientFactory;
  readonly bound: number;
  cookies: boolean;
  readonly holding: Holding;
  readonly pending: Pending | undefined;
  readonly current: Current | undefined;
  readonly serving: Current | undefined;
  mark: Mark | undefined;
  onHint: (() => void) | undefined;
  isCurrent(pending: Pending): boolean;
  tokenOf(tokens: TokenResponse, previous?: Token, isLogin?: boolean): Token;
  currentOf(session: string, token: Token): Current;
  apply(event: SessionEvent, tell?: (watchers: () => void) => void): void;
  start(kind: Pending['kind'], work: Work, options?: PendingOptions): Pending;
  renewal(cause: AskReason): SharedPromise<Current | undefined>;
  tellFailure(error: BearerError, retryAfter?: number): void;
}
