import type { Protocol, Step, Written } from '../../lib/session/protocol.js';
import type { StoreEntry } from '../../lib/stores/store.js';
import type { Token } from '../../lib/token.js';
import * as lib from './protocols.js';
import type { Variant } from './variant.js';

// Each of these breaks one rule. The exploration must find the schedule that the rule closes.

/** Version and session tell which holder wrote an entry: a sign-out takes another one's for its own. */
export const comparesVersionAndSession: Variant = {
  won: (answer, entry) =>
    answer.id === entry.id || (!entry.token && answer.version === entry.version && answer.session === entry.session),
};

export const updatesOutsideTheLock: Variant = { updatesUnlocked: true };

/** A sign-in that had been stored, and gone on from, is written anew above. */
export const signsInAnew: Variant = {
  protocol: {
    *signInSteps(session: string, token: Token): Protocol<void> {
      let turn = feed(lib.signInSteps(session, token));
      while (!turn.done) {
        let given = yield turn.step;
        while (turn.step.do === 'write' && isOwnButLost(given as Written, session)) {
          given = yield { ...turn.step, above: (given as Written).entry.version };
        }
        turn = turn.next(given);
      }
    },
  },
};

function isOwnButLost({ won, entry }: Written, session: string): boolean {
  return !won && entry.session === session && entry.token !== undefined;
}

/** The other holders are not told that a refresh token is about to be presented. */
export const marksNothing: Variant = { look: (look) => ({ ...look, marks: () => false }) };

/** The write of what a refresh has brought was given up: unlocked as if nothing had been sent, and nothing kept. */
export const forgetsWhatWasGivenUp: Variant = {
  protocol: {
    *refreshSteps(): Protocol<lib.Outcome> {
      let turn = feed(lib.refreshSteps());
      let asked: Token | undefined;
      while (!turn.done) {
        const { step } = turn;
        let given: unknown;
        try {
          given = yield step;
        } catch (error) {
          if (step.do === 'write' && asked) yield unmarked(step, asked);
          turn = turn.fail(error);
          continue;
        }
        if (step.do === 'ask') asked = step.token;
        turn = turn.next(given);
      }
      return turn.value;
    },
  },
};

function unmarked(step: Extract<Step, { do: 'write' }>, token: Token): Step {
  return { do: 'write', draft: { session: step.draft.session, token }, above: step.above };
}

/** An answer that comes after a sign-out is not offered to the register. */
export const dropsWhatComesLate: Variant = {
  revokesNothing: true,
  protocol: {
    *refreshSteps(): Protocol<lib.Outcome> {
      let turn = feed(lib.refreshSteps());
      let asked = false;
      while (!turn.done) {
        const { step } = turn;
        if (step.do === 'write' && asked && (yield { do: 'isWanted' }) === false) return { kind: 'adopted' };
        turn = turn.next(yield step);
        if (step.do === 'ask') asked = true;
      }
      return turn.value;
    },
  },
};

/** A sign-in is put right when its write has failed: whatever is found in its place is written over. */
export const putsRight: Variant = {
  protocol: {
    *signInSteps(session: string, token: Token): Protocol<void> {
      let above = 1;
      for (;;) {
        try {
          const { won } = (yield { do: 'write', draft: { session, token }, above }) as Written;
          if (won && above === 1) return;
        } catch {}
        const found = (yield { do: 'read' }) as StoreEntry;
        if (found.session === session) return;
        above = found.version;
      }
    },
  },
};

/** What is unsaved is not written first. */
export const presentsBesideUnsaved: Variant = {
  look: (look, { kind }) => {
    const { state } = look.holding;
    if (kind !== 'refresh' || state.is !== 'active') return look;
    return { ...look, holding: { ...look.holding, state: { ...state, unsaved: undefined } } };
  },
};

type Turn<T> =
  | { done: false; step: Step; next(given: unknown): Turn<T>; fail(error: unknown): Turn<T> }
  | { done: true; value: T };

/** A generator, one step after another. */
function feed<T>(protocol: Protocol<T>, result: IteratorResult<Step, T> = protocol.next()): Turn<T> {
  if (result.done) return { done: true, value: result.value };
  return {
    done: false,
    step: result.value,
    next: (given) => feed(protocol, protocol.next(given)),
    fail: (error) => feed(protocol, protocol.throw(error)),
  };
}
