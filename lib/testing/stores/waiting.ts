import type { LockOptions, TokenStore } from '../../stores/store.js';
import { expectSame, fail, failureOf, isOver, outcomeOf, pause, show } from './expect.js';
import { each, type Judgement } from './options.js';
import { aWhile, enough, expectFree, hold } from './tasks.js';

const SHORT = 100; // ms

/** A task that must not run: how often did it? */
function unwanted(store: TokenStore, options: LockOptions) {
  const seen = { runs: 0 };
  const outcome = store.withLock(async () => {
    seen.runs += 1;
  }, options);
  outcome.catch(() => {});
  return { seen, outcome };
}

/** How the lock is waited for, and given up. */
export const waiting: Judgement[] = [
  {
    name: 'a lock that is not free within waitMs is given up: withLock() rejects then, and its task never runs',
    async judge({ open, patience }) {
      const [first, second] = [await open(), await open()];
      const ms = await aWhile(first, patience);
      const held = await hold(first, patience);
      const begun = performance.now();
      const { seen, outcome } = unwanted(second, enough(patience, { waitMs: SHORT }));
      await failureOf(`withLock() with waitMs ${SHORT}, of a lock that is held`, outcome, SHORT + patience);
      const took = performance.now() - begun;
      if (took < SHORT / 2)
        fail(`withLock() with waitMs ${SHORT}`, 'to wait that long', `a rejection after ${took} ms`);
      await held.end();
      await pause(ms);
      expectSame('runs of a task whose lock was given up', 0, seen.runs);
      await expectFree('withLock() after another one was given up', first, patience);
    },
  },
  {
    name: 'waitMs ends with the waiting: a task may take longer',
    async judge({ open, patience }) {
      const store = await open();
      const waitMs = await aWhile(store, patience);
      const slow = () => pause(1.5 * waitMs).then(() => 'done');
      const outcome = store.withLock(slow, enough(patience, { waitMs }));
      expectSame(
        'withLock() whose task takes longer than waitMs',
        'done',
        await outcomeOf('withLock()', outcome, patience),
      );
    },
  },
  ...each([2 ** 31, Number.POSITIVE_INFINITY], (waitMs) => ({
    name: `a lock is waited for as long as waitMs says: ${waitMs} ms`,
    async judge({ open, patience }) {
      const [first, second] = [await open(), await open()];
      const ms = await aWhile(first, patience);
      const held = await hold(first, patience);
      const outcome = second.withLock(async () => 'had', enough(patience, { waitMs }));
      if (await isOver(outcome, ms))
        fail(`withLock() with waitMs ${waitMs}`, 'to wait', show(await outcome.catch((error) => error)));
      await held.end();
      expectSame('withLock() when the lock is free again', 'had', await outcomeOf('withLock()', outcome, patience));
    },
  })),
  {
    name: 'a signal that was aborted before: withLock() rejects, and its task never runs, though the lock is free',
    async judge({ open, patience }) {
      const store = await open();
      const { seen, outcome } = unwanted(store, enough(patience, { signal: AbortSignal.abort() }));
      await failureOf('withLock() with an aborted signal', outcome, patience);
      await pause(await aWhile(store, patience));
      expectSame('runs of a task whose signal was aborted before', 0, seen.runs);
    },
  },
  {
    name: 'a signal that is aborted ends the waiting at once, and the task never runs',
    async judge({ open, patience }) {
      const [first, second] = [await open(), await open()];
      const ms = await aWhile(first, patience);
      const held = await hold(first, patience);
      const aborter = new AbortController();
      const { seen, outcome } = unwanted(second, { waitMs: 10 * patience, holdMs: patience, signal: aborter.signal });
      await pause(ms);
      aborter.abort();
      await failureOf('withLock() whose signal is aborted', outcome, patience);
      const next = second.withLock(async () => 'had', enough(patience));
      await held.end();
      expectSame('withLock() after another one was given up', 'had', await outcomeOf('withLock()', next, patience));
      expectSame('runs of a task that was given up', 0, seen.runs);
    },
  },
  {
    name: 'a signal ends the waiting only: a task that has the lock goes on, and keeps it',
    async judge({ open, patience }) {
      const [first, second] = [await open(), await open()];
      const ms = await aWhile(first, patience);
      const aborter = new AbortController();
      const held = await hold(first, patience, { signal: aborter.signal });
      aborter.abort();
      const other = second.withLock(async () => {}, enough(patience));
      if (await isOver(held.outcome, ms))
        fail('withLock() whose signal is aborted in its task', 'a task that goes on', 'one that has ended');
      if (await isOver(other, 0)) fail('withLock() of another holder', 'a lock that is held', 'one that is free');
      expectSame('lock.signal.aborted after the waiting’s signal was aborted', false, held.lock.signal.aborted);
      await held.end();
      await outcomeOf('withLock() when the lock is free again', other, patience);
    },
  },
];
