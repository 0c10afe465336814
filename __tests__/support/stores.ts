import { describe, expect, it } from '@jest/globals';
import type { Stored, TokenStore } from 'axios-bearer';
import { deferred, failureOf, never, settle, standing } from './sessions.js';

export function stored(session: string, generation = 1, more: Partial<Stored['token']> = {}): Stored {
  const token = {
    accessToken: `at_${session}${generation}`,
    refreshToken: `rt_${session}${generation}`,
    issuedAt: 0,
    ...more,
  };
  return { session, generation, token };
}

/** A database as another process sees it: everything is copied and takes a while; no hints. Holders share `rows`. */
export function databaseStore(rows: { value?: string | undefined; queue: Promise<unknown> }): TokenStore {
  const latency = () => new Promise((resolve) => setImmediate(resolve));
  const load = async () => {
    await latency();
    return rows.value === undefined ? undefined : (JSON.parse(rows.value) as Stored);
  };
  const save = (next: Stored | undefined) => {
    rows.value = next && JSON.stringify(next);
  };
  return {
    read: load,
    async exclusive(task, { waitMs, signal }) {
      const before = rows.queue;
      const turn = deferred();
      rows.queue = before.then(() => turn.promise);
      let timer: ReturnType<typeof setTimeout> | undefined;
      const tooLate = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error('lock wait')), waitMs);
        const aborted = () => reject(new Error('aborted'));
        if (signal?.aborted) aborted();
        signal?.addEventListener('abort', aborted);
      });
      try {
        await Promise.race([before, tooLate]);
        clearTimeout(timer);
        const current = await load();
        const seen = rows.value;
        const commit = async (next: Stored | undefined) => {
          await latency();
          if (rows.value !== seen) return false;
          save(next);
          return true;
        };
        return await task({ current, commit, signal: new AbortController().signal });
      } finally {
        clearTimeout(timer);
        turn.resolve();
      }
    },
    async replace(next) {
      await latency();
      save(next);
    },
  };
}

export const newRows = () => ({ value: undefined as string | undefined, queue: Promise.resolve() as Promise<unknown> });

/** What every store promises: the contract in stores/store.ts. */
export function behavesLikeAStore(name: string, make: () => TokenStore): void {
  const soon = { waitMs: 1_000 };

  describe(`${name} keeps the contract of a TokenStore`, () => {
    it('holds nothing at first', async () => {
      expect(await make().read()).toBeUndefined();
    });

    it('reads what was put there, and nothing after it was taken out', async () => {
      const store = make();
      await store.replace(stored('a'));
      expect(await store.read()).toEqual(stored('a'));
      await store.replace(undefined);
      expect(await store.read()).toBeUndefined();
    });

    it('shows the holder of the lock what is there now, read afresh', async () => {
      const store = make();
      await store.replace(stored('a'));
      const currents = [];
      for (const generation of [2, 3]) {
        currents.push(await store.exclusive(async ({ current }) => current, soon));
        await store.replace(stored('a', generation));
      }
      expect(currents).toEqual([stored('a'), stored('a', 2)]);
    });

    it('hands on what the task answers, and what it throws', async () => {
      const store = make();
      expect(await store.exclusive(async () => 42, soon)).toBe(42);
      const reason = new Error('in the task');
      expect(await failureOf(store.exclusive(() => Promise.reject(reason), soon))).toBe(reason);
      expect(await store.exclusive(async () => 'free again', soon)).toBe('free again');
    });

    it('runs one task at a time, first come first served', async () => {
      const store = make();
      const order: string[] = [];
      const task = (n: number) => async () => {
        order.push(`in ${n}`);
        await settle();
        order.push(`out ${n}`);
      };
      await Promise.all([1, 2, 3].map((n) => store.exclusive(task(n), soon)));
      expect(order).toEqual(['in 1', 'out 1', 'in 2', 'out 2', 'in 3', 'out 3']);
    });

    it('commits what is newer, and it is durable then', async () => {
      const store = make();
      await store.replace(stored('a'));
      await store.exclusive(async ({ commit }) => {
        expect(await commit(stored('a', 2))).toBe(true);
        expect(await store.read()).toEqual(stored('a', 2));
      }, soon);
      expect(await store.read()).toEqual(stored('a', 2));
    });

    it('holds nothing after a sign-out, at whatever moment of a commit it comes (L22)', async () => {
      for (let turns = 0; turns < 8; turns += 1) {
        const store = make();
        await store.replace(stored('a'));
        const committing = deferred();
        const held = store.exclusive(({ commit }) => {
          committing.resolve();
          return commit(stored('a', 2));
        }, soon);
        await committing.promise;
        for (let i = 0; i < turns; i += 1) await new Promise((resolve) => setImmediate(resolve));
        await store.replace(undefined);
        await held;
        expect([turns, await store.read()]).toEqual([turns, undefined]);
      }
    });

    it('commits undefined: the session was refused for good', async () => {
      const store = make();
      await store.replace(stored('a'));
      expect(await store.exclusive(({ commit }) => commit(undefined), soon)).toBe(true);
      expect(await store.read()).toBeUndefined();
    });

    it.each<[string, Stored | undefined, Stored | undefined]>([
      ['a sign-out', stored('a'), undefined],
      ['another sign-in', stored('a'), stored('b')],
      ['another generation', stored('a'), stored('a', 7)],
      ['a sign-in where there was nobody', undefined, stored('b')],
    ])('refuses a commit that was overtaken by %s, and writes nothing', async (_, before, meanwhile) => {
      const store = make();
      await store.replace(before);
      await store.exclusive(async ({ commit }) => {
        await store.replace(meanwhile);
        expect(await commit(stored('a', 2))).toBe(false);
      }, soon);
      expect(await store.read()).toEqual(meanwhile);
    });

    it('replaces while another holds the lock, and does not wait for it', async () => {
      const store = make();
      const holder = deferred();
      const held = store.exclusive(() => holder.promise, soon);
      await settle();
      await store.replace(stored('b'));
      expect(await store.read()).toEqual(stored('b'));
      holder.resolve();
      await held;
    });

    it('bounds the wait for the lock by waitMs, and who gave up is never run', async () => {
      const store = make();
      const holder = deferred();
      const held = store.exclusive(() => holder.promise, soon);
      let ran = false;
      const late = store.exclusive(
        async () => {
          ran = true;
        },
        { waitMs: 15 },
      );
      expect(await failureOf(late)).toBeInstanceOf(Error);
      holder.resolve();
      await held;
      await settle();
      expect(ran).toBe(false);
      expect(await store.exclusive(async () => 'free', soon)).toBe('free');
    });

    it('does not count the task’s own time as waiting', async () => {
      const slow = () => new Promise((resolve) => setTimeout(resolve, 40, 'done'));
      expect(await make().exclusive(slow, { waitMs: 15 })).toBe('done');
    });

    it('gives up waiting when the signal is aborted, before or meanwhile, and never runs the task', async () => {
      const store = make();
      const holder = deferred();
      const held = store.exclusive(() => holder.promise, soon);
      const aborter = new AbortController();
      let ran = 0;
      const count = async () => {
        ran += 1;
      };
      const meanwhile = store.exclusive(count, { waitMs: 1_000, signal: aborter.signal });
      await settle();
      aborter.abort();
      expect(await standing(meanwhile)).toBe('rejected');
      const before = store.exclusive(count, { waitMs: 1_000, signal: AbortSignal.abort() });
      expect(await standing(before)).toBe('rejected');
      holder.resolve();
      await held;
      await settle();
      expect(ran).toBe(0);
    });

    it('a holder that never ends keeps out those who come later, for no longer than each is ready to wait', async () => {
      const store = make();
      const stuck = store.exclusive(() => never, soon);
      const late = [5, 10, 15].map((waitMs) => failureOf(store.exclusive(async () => 'in', { waitMs })));
      for (const error of await Promise.all(late)) expect(error).toBeInstanceOf(Error);
      expect(await standing(stuck)).toBe('pending');
    });

    it('gives back what was stored, not the same object to be changed behind its back', async () => {
      const store = make();
      const mine = stored('a');
      await store.replace(mine);
      const read = (await store.read())!;
      try {
        (read as { generation: number }).generation = 99;
      } catch {}
      expect((await store.read())?.session).toBe('a');
    });
  });
}
