import type { Look, Step } from '../../lib/session/protocol.js';
import type { StoreEntry } from '../../lib/stores/store.js';
import type * as lib from './protocols.js';
import type { Holder, Op } from './world.js';

/** How a rule of the protocol is broken on purpose; `{}`: it is kept. */
export interface Variant {
  readonly protocol?: Partial<
    Pick<typeof lib, 'refreshSteps' | 'signInSteps' | 'signOutSteps' | 'updateSteps' | 'readAgainSteps'>
  >;
  look?(look: Look, op: Op): Look;
  won?(answer: StoreEntry, entry: StoreEntry): boolean;
  versionOf?(step: Extract<Step, { do: 'write' }>, holder: Holder): number;
  readonly updatesUnlocked?: boolean;
  /** The source has no `revoke()`. That is no bug: a token that was signed out is still good at the server. */
  readonly revokesNothing?: boolean;
}
