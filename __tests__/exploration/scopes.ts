import { explore, type Fault, type Found, type Loss } from './explore.js';
import type { Variant } from './variant.js';
import { firstWorld, type World } from './world.js';

/** What may happen: so many of each action, between two holders, and at most so many faults of these kinds. */
export interface Scope {
  readonly refresh?: number;
  readonly signIn?: number;
  readonly signOut?: number;
  readonly update?: number;
  readonly read?: number;
  readonly faults?: readonly (Fault | Loss)[];
  /** How many faults; default 1. */
  readonly fault?: number;
  /** Steps, at most; default: all. */
  readonly steps?: number;
}

export const STORE_FAULTS: readonly Fault[] = ['giveUp', 'resend'];
export const LOCK_FAULTS: readonly Fault[] = ['lockLost', 'lockLostUnaware'];
export const SERVER_FAULTS: readonly Fault[] = ['answerLost', 'requestLost', 'refuse'];
export const FAULTS: readonly Fault[] = [...STORE_FAULTS, ...LOCK_FAULTS, ...SERVER_FAULTS];

/** Walked in `npm test`, each of them whole. */
export const QUICK: readonly (readonly [string, Scope])[] = [
  ['two refreshes and any fault', { refresh: 2, faults: FAULTS }],
  ['a refresh, a sign-in and any fault', { refresh: 1, signIn: 1, faults: FAULTS }],
  ['a refresh, a sign-out and any fault', { refresh: 1, signOut: 1, faults: FAULTS }],
  ['a refresh, an update and any fault', { refresh: 1, update: 1, faults: FAULTS }],
  ['two refreshes and a sign-out', { refresh: 2, signOut: 1 }],
  ['two refreshes and an update', { refresh: 2, update: 1 }],
  ['two sign-ins, a sign-out and a call that is given up', { signIn: 2, signOut: 1, faults: ['giveUp'] }],
  ['a sign-in, two sign-outs and a write that is sent again', { signIn: 1, signOut: 2, faults: ['resend'] }],
  ['two refreshes and a store that is emptied', { refresh: 2, faults: ['emptied'] }],
  ['a refresh, an update, a read and a store that is emptied', { refresh: 1, update: 1, read: 1, faults: ['emptied'] }],
  [
    'a refresh, a sign-out, a read and a store that is emptied',
    { refresh: 1, signOut: 1, read: 1, faults: ['emptied'] },
  ],
  ['an update, a sign-in and a sign-out', { update: 1, signIn: 1, signOut: 1 }],
];

/** Walked with EXPLORE=whole. */
export const LONG: readonly (readonly [string, Scope])[] = [
  ['a refresh, a sign-in, a read and an update', { refresh: 1, signIn: 1, read: 1, update: 1 }],
  ['a refresh, a sign-in and a sign-out', { refresh: 1, signIn: 1, signOut: 1 }],
  ['two refreshes, an update and any fault', { refresh: 2, update: 1, faults: FAULTS }],
  [
    'a refresh, an update, a sign-in and a call that is given up',
    { refresh: 1, update: 1, signIn: 1, faults: ['giveUp'] },
  ],
  ['two refreshes, a sign-out and a call that is given up', { refresh: 2, signOut: 1, faults: ['giveUp'] }],
  ['two refreshes, a sign-out and a lost lock', { refresh: 2, signOut: 1, faults: LOCK_FAULTS }],
  [
    'two refreshes, a sign-in, a sign-out and any fault, twelve steps deep',
    { refresh: 2, signIn: 1, signOut: 1, faults: FAULTS, steps: 12 },
  ],
];

const MOST_STATES = 2_000_000;

export function worldOf({
  refresh = 0,
  signIn = 0,
  signOut = 0,
  update = 0,
  read = 0,
  faults = [],
  fault = 1,
}: Scope): World {
  return firstWorld({ refresh, signIn, signOut, update, read, fault: faults.length ? fault : 0 });
}

/** Every state of a scope, or as far as it says. */
export function walk(
  scope: Scope,
  variant: Variant = {},
  order: 'broad' | 'deep' = scope.steps ? 'broad' : 'deep',
): Found {
  const { faults = [], steps } = scope;
  return explore(worldOf(scope), { faults, variant, order, steps, states: MOST_STATES });
}
