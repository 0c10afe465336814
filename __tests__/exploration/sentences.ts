import type { StoreEntry } from '../../lib/stores/store.js';
import { session } from './actions.js';
import { Draft } from './draft.js';
import { happen, type Move } from './explore.js';
import type { Variant } from './variant.js';
import type { Op, Place, World } from './world.js';

const FAULTS: Record<string, string> = {
  land: 'comes',
  deliver: 'is answered',
  wake: 'sees that the mark is gone, and tries again',
  goOnByTime: 'has waited long enough for the mark, and tries again',
  retry: 'tries again',
  giveUp: 'is given up; it may still come',
  answerLost: 'is given up; its answer may still come',
  requestLost: 'is lost on its way',
  refuse: 'is refused for good',
  resend: 'is sent again by the store',
  lockLost: 'loses its lock, and knows it',
  lockLostUnaware: 'loses its lock, and does not know it',
};

/** A schedule as sentences, for the message of a failed test. */
export function sentencesOf(first: World, path: Move[], variant: Variant): string[] {
  let world = first;
  return path.map((move, index) => {
    const before = world;
    const draft = new Draft(world, variant, session);
    happen(draft, move);
    world = draft.world;
    const stored = world.register === before.register ? '' : ` → the register holds ${entry(world.register)}`;
    return `${index + 1}. ${sentence(before, move)}${stored}`;
  });
}

function sentence(world: World, move: Move): string {
  if (move.is === 'begin') return `${'AB'[move.holder]} begins: ${move.action}`;
  if (move.is === 'emptied') return 'The store is emptied, and another user signs in to it';
  if (move.is === 'stray') {
    const { holder, write, ask, answer } = world.strays[move.index] as World['strays'][number];
    const what = write
      ? `write of ${entry(write)}`
      : `token request with ${ask?.refreshToken}${answer ? ', answered,' : ''}`;
    return `${'AB'[holder]}'s ${what} that was given up comes after all`;
  }
  return `${'AB'[move.place.holder]}'s ${messageOf(world, move.place, move.is)} ${FAULTS[move.is]}`;
}

function messageOf(world: World, { holder, op }: Place, is: string): string {
  const found = world.holders[holder]?.ops.find(({ number }) => number === op) as Op;
  const { kind, message } = found;
  if (!message || is.startsWith('lockLost')) return kind;
  const { step, answer } = message;
  if (step.do === 'ask') return `${kind}'s token request with ${step.token?.refreshToken}`;
  const heard = is === 'deliver' ? ` (${entry(answer as StoreEntry)})` : '';
  return `${kind}'s ${message.entry ? `write of ${entry(message.entry)}` : 'read'}${heard}`;
}

function entry({ version, session, token, sent }: StoreEntry): string {
  const what = token ? `${token.accessToken}/${token.refreshToken ?? 'none'}` : `sign-out of ${session}`;
  return `v${version} ${what}${sent ? ` sent by ${sent}` : ''}`;
}
