import { signedIn, signedOut } from './entries.js';
import { expectSame, fail, failureOf, isOver, outcomeOf, pause, show } from './expect.js';
import type { Judgement } from './options.js';
import { aWhile, enough, expectFree, hold } from './tasks.js';

/** What the lock does for the task that has it. */
export const lock: Judgement[] = [
  {
    name: 'withLock() resolves with what its task resolves with',
    async judge({ open, patience }) {
      const store = await open();
      const outcome = store.withLock(async () => 42, enough(patience));
      expectSame('withLock()', 42, await outcomeOf('withLock()', outcome, patience));
    },
  },
  {
    name: 'withLock() rejects with the error of its task, and frees the lock',
    async judge({ open, patience }) {
      const [first, second] = [await open(), await open()];
      const reason = new Error('in the task');
      const rejects = () => Promise.reject(reason);
      const error = await failureOf(
        'withLock() whose task rejects',
        first.withLock(rejects, enough(patience)),
        patience,
      );
      if (error !== reason) fail('withLock() whose task rejects', show(reason), show(error));
      await expectFree('withLock() after a task that rejected', second, patience);
    },
  },
  {
    name: 'withLock() rejects, and frees the lock, when its task throws at once',
    async judge({ open, patience }) {
      const [first, second] = [await open(), await open()];
      const throws = () => {
        throw new Error('at once');
      };
      const begun = (async () => first.withLock(throws, enough(patience)))();
      await failureOf('withLock() whose task throws', begun, patience);
      await expectFree('withLock() after a task that threw', second, patience);
    },
  },
  {
    name: 'withLock() runs its task once',
    async judge({ open, patience }) {
      let runs = 0;
      const count = async () => {
        runs += 1;
      };
      const store = await open();
      await outcomeOf('withLock()', store.withLock(count, enough(patience)), patience);
      await pause(await aWhile(store, patience));
      expectSame('the runs of one task', 1, runs);
    },
  },
  {
    name: 'a task is told that it has the lock',
    async judge({ open, patience }) {
      const held = await hold(await open(), patience);
      expectSame('lock.isHeld() in the task', true, held.lock.isHeld?.() ?? true);
      // Of another realm, as a frame's or jsdom's, it is no instance of the class that is known here.
      if (Object.prototype.toString.call(held.lock.signal) !== '[object AbortSignal]')
        fail('lock.signal in the task', 'an AbortSignal', show(held.lock.signal));
      expectSame('lock.signal.aborted in the task', false, held.lock.signal.aborted);
      await held.end();
    },
  },
  {
    name: 'while a task runs no other holder’s does, nor another one of its own',
    async judge({ open, patience }) {
      const [first, second] = [await open(), await open()];
      const ms = await aWhile(second, patience);
      const held = await hold(first, patience);
      let entered = 0;
      const enter = async () => {
        entered += 1;
      };
      const waiting = [first, second].map((store) => store.withLock(enter, enough(patience)));
      await pause(ms);
      expectSame('tasks that ran beside the one that holds the lock', 0, entered);
      await held.end();
      await outcomeOf('withLock() when the lock is free again', Promise.all(waiting), patience);
      expectSame('tasks that ran when the lock was free again', 2, entered);
    },
  },
  {
    name: 'of many tasks at once one runs at a time, and each has its turn',
    async judge({ open, patience }) {
      const stores = await Promise.all([open(), open(), open(), open()]);
      let inside = 0;
      let most = 0;
      const enter = async () => {
        inside += 1;
        most = Math.max(most, inside);
        await pause(2);
        inside -= 1;
        if (Math.random() < 0.3) throw new Error('in the task');
      };
      const waiting = [...stores, ...stores, ...stores].map((store) =>
        store.withLock(enter, enough(patience)).catch(() => {}),
      );
      await outcomeOf('withLock() of many tasks', Promise.all(waiting), patience);
      expectSame('tasks that ran at one time', 1, most);
    },
  },
  {
    name: 'a task reads what was written before it had the lock, and the next one what it has written',
    async judge({ open, patience }) {
      const stores = await Promise.all([open(), open(), open()]);
      await stores[0]!.write(signedIn(1));
      const found = stores.map((store) =>
        store.withLock(async () => {
          const { version = 0 } = (await store.read()) ?? {};
          await store.write(signedIn(version + 1));
          return version;
        }, enough(patience)),
      );
      const versions = await outcomeOf('withLock() of three tasks that write', Promise.all(found), patience);
      expectSame('read() under the lock, in three tasks', [1, 2, 3], versions.sort());
    },
  },
  {
    name: 'write() and read() never wait for the lock: not the holder’s, not another’s',
    async judge({ open, patience }) {
      const [first, second] = [await open(), await open()];
      const held = await hold(first, patience);
      const mine = signedIn(1);
      expectSame('write() by the holder of the lock', mine, await first.write(mine));
      const out = signedOut(2);
      expectSame('write() while another holder has the lock', out, await second.write(out));
      expectSame('read() while another holder has the lock', out, await second.read());
      await held.end();
    },
  },
  {
    name: 'the locks of two names are two',
    async judge({ open, elsewhere, patience }) {
      const held = await hold(await open(), patience);
      await expectFree('withLock() under another name', await elsewhere(), patience);
      await held.end();
    },
  },
  {
    name: 'a lock is kept for nearly holdMs, and the task is told so',
    async judge({ open, patience }) {
      const [first, second] = [await open(), await open()];
      const held = await hold(first, patience, { holdMs: 1_000 });
      const other = second.withLock(async () => {}, enough(patience, { waitMs: 1_000 + patience }));
      if (await isOver(other, 800))
        fail('withLock() after 800 ms of a holdMs of 1000', 'a lock that is kept', 'another task');
      expectSame('lock.isHeld() after 800 ms of a holdMs of 1000', true, held.lock.isHeld?.() ?? true);
      await held.end();
      await outcomeOf('withLock() when the lock is free again', other, patience);
    },
  },
  {
    name: 'a holder that has lost the lock is told so before another one has it',
    needs: 'loseLock',
    async judge({ name, open, options, patience }) {
      const [first, second] = [await open(), await open()];
      const held = await hold(first, patience);
      await options.loseLock!(name);
      const seen = second.withLock(
        async () => held.lock.signal.aborted || held.lock.isHeld?.() === false,
        enough(patience),
      );
      const isTold = await outcomeOf('withLock() when another holder has lost the lock', seen, patience);
      expectSame('lock.signal.aborted, or !lock.isHeld(), of a holder that has lost the lock', true, isTold);
      await held.end().catch(() => {});
    },
  },
];
