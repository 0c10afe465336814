import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { LONG, QUICK, type Scope, walk, worldOf } from './scopes.js';
import * as seeds from './seeded-bugs.js';
import { sentencesOf } from './sentences.js';
import type { Variant } from './variant.js';

const isWhole = process.env.EXPLORE === 'whole';
const scopes = isWhole ? [...QUICK, ...LONG] : QUICK;
const walked: string[] = [];
const { stackTraceLimit } = Error;

// Errors are thrown in most of the states: their stacks would take most of the time.
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
  if (isWhole) console.log(walked.join('\n'));
});

/** The law that a scope breaks, and the schedule that breaks it, as one text. */
function brokenIn(scope: Scope, variant: Variant, order?: 'broad' | 'deep'): string | undefined {
  const { broken } = walk(scope, variant, order);
  return broken && [broken.law, ...sentencesOf(worldOf(scope), broken.path, variant)].join('\n');
}

describe('No order of messages breaks a law:', () => {
  test.each(scopes)(
    '%s',
    (name, scope) => {
      const { broken, whole, states, depth, ms } = walk(scope);
      walked.push(`${name}: ${states} states, ${depth} steps deep, ${Math.round(ms / 100) / 10} s`);
      const schedule = broken && [broken.law, ...sentencesOf(worldOf(scope), broken.path, {})].join('\n');
      expect(schedule).toBeUndefined();
      expect(whole || depth === scope.steps).toBe(true);
    },
    300_000,
  );

  test.each(QUICK.slice(0, 5))(
    '%s, where the source can revoke nothing',
    (_, scope) => {
      expect(brokenIn(scope, { revokesNothing: true }, 'deep')).toBeUndefined();
    },
    300_000,
  );
});

describe('A rule that is broken is found out:', () => {
  const { comparesVersionAndSession, updatesOutsideTheLock, signsInAnew, marksNothing } = seeds;
  const { forgetsWhatWasGivenUp, dropsWhatComesLate, presentsBesideUnsaved, putsRight } = seeds;

  test.each<[string, Variant, Scope, string]>([
    [
      'a sign-out knows its entry by version and session',
      comparesVersionAndSession,
      { refresh: 1, signOut: 1, faults: ['giveUp'] },
      'L22',
    ],
    [
      'update() is outside the lock',
      updatesOutsideTheLock,
      { refresh: 1, update: 1, faults: ['giveUp'] },
      'the session is lost',
    ],
    [
      'a sign-in that was sent twice is written anew',
      signsInAnew,
      { signIn: 1, refresh: 1, read: 1, faults: ['resend'] },
      'L4',
    ],
    ['nobody marks a refresh token before it is presented', marksNothing, { refresh: 2, faults: ['lockLost'] }, 'L3'],
    [
      'the mark goes though the result was not written',
      forgetsWhatWasGivenUp,
      { refresh: 2, faults: ['giveUp'] },
      'L3',
    ],
    [
      'what comes after a sign-out is dropped',
      dropsWhatComesLate,
      { refresh: 2, signOut: 1, faults: ['giveUp'] },
      'L3',
    ],
    ['what is unsaved is not written first', presentsBesideUnsaved, { refresh: 2, faults: ['giveUp'] }, 'L3'],
  ])(
    '%s',
    (_, variant, scope, law) => {
      const schedule = brokenIn(scope, variant, 'broad');
      expect(schedule).toContain(law.startsWith('L') ? `(${law})` : law);
      if (isWhole) console.log(schedule);
    },
    300_000,
  );

  test('two sign-ins that failed are put right', () => {
    const scope: Scope = { signIn: 2, faults: ['giveUp'], fault: 2 };
    expect(brokenIn(scope, putsRight, 'deep')).toContain('write over each other for ever');
  });
});
