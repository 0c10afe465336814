import { describe, expect, it } from '@jest/globals';
import type { StoreEntry, Token, TokenStore } from 'axios-bearer';
import { deferred, failureOf, never, settle, stateOf } from './kit.js';

let ids = 0;

type More = Omit<Partial<Token>, 'expiresAt'> & { expiresAt?: unknown; id?: string; sent?: string };

/** An entry with a token; a new one at each call, unless `id` is given. */
export function stored(session: string, version = 1, { id, sent, ...more }: More = {}): StoreEntry & { token: Token } {
  const token = { accessToken: `at_${session}${version}`, refreshToken: `rt_${session}${version}`, issuedAt: 0 };
  const entry = { version, id: id ?? `id_${ids++}`, session, token: { ...token, ...more } as Token };
  return sent === undefined ? entry : { ...entry, sent };
}

/** A sign-out: an entry without a token. */
export function signedOut(session: string, version = 1): StoreEntry {
  const { token, ...entry } = stored(session, version);
  return entry;
}

/** What holders in several processes share: the register as text, and the queue for the lock. */
export interface Rows {
  value?: string | undefined;
  queue: Promise<unknown>;
}

export const newRows = (value?: string): Rows => ({ value, queue: Promise.resolve() });

/** A database as another process sees it: everything is copied and takes a while; no hints. Holders share `rows`. */
export function databaseStore(rows: Rows): TokenStore {
  const latency = () => new Promise((resolve) => setImmediate(resolve));
  return {
    async read() {
      await latency();
      return entryIn(rows.value);
    },
    async write(next) {
      const text = JSON.stringify(next);
      await latency();
      const found = entryIn(rows.value);
      if (found && found.version >= next.version) return found;
      rows.value = text;
      return JSON.parse(text);
    },
    async withLock(task, { waitMs, signal }) {
      const before = rows.queue;
      const turn = deferred();
      rows.queue = before.then(() => turn.promise);
      const gaveUp = deferred<never>();
      const aborted = () => gaveUp.reject(new Error('aborted'));
      const timer = setTimeout(() => gaveUp.reject(new Error('lock wait')), waitMs);
      signal?.addEventListener('abort', aborted);
      if (signal?.aborted) aborted();
      try {
        await Promise.race([gaveUp.promise, before]);
        clearTimeout(timer);
        return await task({ signal: new AbortController().signal });
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener('abort', aborted);
        turn.resolve();
      }
    },
  };
}

/** `undefined`: what is there is no entry. */
function entryIn(text: string | undefined): StoreEntry | undefined {
  try {
    const { version, id, session } = JSON.parse(text ?? '');
    const valid = Number.isSafeInteger(version) && typeof id === 'string' && typeof session === 'string';
    return valid ? JSON.parse(text as string) : undefined;
  } catch {
    return undefined;
  }
}

const INVALID = [
  'not json',
  '{"version":',
  'null',
  '[]',
  '{}',
  '"text"',
  '42',
  '',
  '{"session":"s","generation":9,"token":{"accessToken":"a"}}',
  '{"version":"9","id":"i","session":"s"}',
  '{"version":1e99,"id":"i","session":"s"}',
  '{"version":9,"session":"s"}',
  '{"version":9,"id":"i"}',
];

/** What every store promises: the contract in stores/store.ts. `holding`: a store where that text was found. */
export function behavesLikeAStore(name: string, make: () => TokenStore, holding?: (text: string) => TokenStore): void {
  const soon = { waitMs: 1_000, holdMs: 1_000 };

  async function storeOf(entry: StoreEntry): Promise<TokenStore> {
    const store = make();
    await store.write(entry);
    return store;
  }

  describe(`${name} keeps the contract of a TokenStore: the register`, () => {
    it('holds nothing at first', async () => {
      expect(await make().read()).toBeUndefined();
    });

    it('writes the first entry, whatever its version', async () => {
      const store = make();
      const first = stored('a', 7);
      expect(await store.write(first)).toEqual(first);
      expect(await store.read()).toEqual(first);
    });

    it.each([
      ['a refresh', stored('a', 2)],
      ['another sign-in', stored('b', 2)],
      ['a sign-out', signedOut('a', 2)],
      ['one that skips versions', stored('a', 2 ** 40)],
    ])('L4 writes the entry with the higher version: %s', async (_, higher) => {
      const store = await storeOf(stored('a'));
      expect(await store.write(higher)).toEqual(higher);
      expect(await store.read()).toEqual(higher);
    });

    it.each([
      ['equal', stored('a', 3)],
      ['equal, of another sign-in', stored('b', 3)],
      ['equal, and a sign-out', signedOut('a', 3)],
      ['lower', stored('a', 2)],
      ['lower, of another sign-in', stored('b', 1)],
      ['lower, and a sign-out', signedOut('a', 2)],
    ])('L4 an entry whose version is %s is not written, and answered with what is there', async (_, late) => {
      const there = stored('a', 3);
      const store = await storeOf(there);
      expect(await store.write(late)).toEqual(there);
      expect(await store.read()).toEqual(there);
    });

    it('the same entry sent twice answers as the first time, the second time too', async () => {
      const store = await storeOf(stored('a'));
      const won = stored('a', 2);
      expect([await store.write(won), await store.write(won)]).toEqual([won, won]);
      const lost = stored('b', 2);
      expect([await store.write(lost), await store.write(lost)]).toEqual([won, won]);
      expect(await store.read()).toEqual(won);
    });

    it('L22 reads a sign-out back as an entry without a token, and no token goes over it with its version', async () => {
      const store = await storeOf(stored('a'));
      const out = signedOut('a', 2);
      await store.write(out);
      expect(await store.read()).toEqual(out);
      expect(await store.read()).not.toHaveProperty('token');
      expect(await store.write(stored('a', 2))).toEqual(out);
      const again = stored('b', 3);
      expect(await store.write(again)).toEqual(again);
    });

    it('L22 a sign-out is the last word, at whatever moment of a write it comes', async () => {
      for (let turns = 0; turns < 8; turns += 1) {
        const store = await storeOf(stored('a'));
        const refreshed = store.write(stored('a', 2));
        for (let i = 0; i < turns; i += 1) await new Promise((resolve) => setImmediate(resolve));
        const out = signedOut('a', 3);
        expect([turns, await store.write(out)]).toEqual([turns, out]);
        await refreshed;
        expect([turns, await store.read()]).toEqual([turns, out]);
      }
    });

    it('L4 holds what was written when the write resolves', async () => {
      const store = make();
      for (const version of [1, 2, 3]) {
        const entry = stored('a', version);
        await store.write(entry);
        expect(await store.read()).toEqual(entry);
      }
    });

    it('L4 of many writes at once the highest version rests, and each is answered with its own version or a higher', async () => {
      const store = await storeOf(stored('a'));
      const versions = [5, 2, 9, 3, 7, 9, 4, 6, 8];
      const entries = versions.map((version) => stored(`s${version}`, version));
      const answers = await Promise.all(entries.map((entry) => store.write(entry)));
      answers.forEach((answer, i) => {
        expect(answer.version).toBeGreaterThanOrEqual(versions[i]!);
        if (answer.version === versions[i] && answer.version < 9) expect(answer).toEqual(entries[i]);
      });
      const rests = await store.read();
      const nines = entries.filter(({ version }) => version === 9);
      expect(nines.filter(({ id }) => id === rests?.id)).toEqual([rests]);
      const won = answers.filter(({ id }, i) => id === rests?.id && id === entries[i]?.id);
      expect(won).toEqual([rests]);
    });

    it('gives back what was written, not the same object to be changed behind its back', async () => {
      const store = make();
      const mine = stored('a');
      const before = structuredClone(mine);
      const answer = await store.write(mine);
      const read = await store.read();
      for (const entry of [mine, answer, read]) {
        try {
          Object.assign(entry!.token!, { accessToken: 'changed' });
          Object.assign(entry!, { session: 'changed' });
        } catch {}
      }
      expect(await store.read()).toEqual(before);
    });
  });

  if (holding) {
    describe(`${name} keeps the contract of a TokenStore: what is no entry`, () => {
      it.each(INVALID)('%j is nothing, and any write goes over it', async (text) => {
        const store = holding(text);
        expect(await store.read()).toBeUndefined();
        const entry = stored('a');
        expect(await store.write(entry)).toEqual(entry);
        expect(await store.read()).toEqual(entry);
      });
    });
  }

  describe(`${name} keeps the contract of a TokenStore: the lock`, () => {
    it('hands on what the task answers, and what it throws', async () => {
      const store = make();
      expect(await store.withLock(async () => 42, soon)).toBe(42);
      const reason = new Error('in the task');
      expect(await failureOf(store.withLock(() => Promise.reject(reason), soon))).toBe(reason);
      expect(await store.withLock(async () => 'free again', soon)).toBe('free again');
    });

    it('is free again after a task that throws at once', async () => {
      const store = make();
      const throws = () => {
        throw new Error('at once');
      };
      expect((await failureOf(store.withLock(throws, soon))).message).toBe('at once');
      expect(await store.withLock(async () => 'free again', soon)).toBe('free again');
    });

    it('is held while the task runs, and says so', async () => {
      const seen = await make().withLock(async (lock) => [lock.isHeld?.() ?? true, lock.signal.aborted], soon);
      expect(seen).toEqual([true, false]);
    });

    it('L5 runs one task at a time, first come first served', async () => {
      const store = make();
      const order: string[] = [];
      const task = (n: number) => async () => {
        order.push(`in ${n}`);
        await settle();
        order.push(`out ${n}`);
        if (n === 2) throw new Error('in the task');
      };
      await Promise.allSettled([1, 2, 3, 4].map((n) => store.withLock(task(n), soon)));
      expect(order).toEqual([1, 2, 3, 4].flatMap((n) => [`in ${n}`, `out ${n}`]));
    });

    it('is no other store’s', async () => {
      const held = make().withLock(() => never, soon);
      expect(await make().withLock(async () => 'free', soon)).toBe('free');
      expect(await stateOf(held)).toBe('pending');
    });

    it('L4 the holder reads what was written before it had the lock, and its writes are there for the next', async () => {
      const store = await storeOf(stored('a'));
      const refresh = () =>
        store.withLock(async () => {
          const { session, version } = (await store.read())!;
          await store.write(stored(session, version + 1));
          return version;
        }, soon);
      expect(await Promise.all([refresh(), refresh(), refresh()])).toEqual([1, 2, 3]);
      expect(await store.read()).toMatchObject({ version: 4 });
    });

    it('L22 a write never waits for it: not the holder’s, not another’s', async () => {
      const store = await storeOf(stored('a'));
      const held = store.withLock(async () => {
        await store.write(stored('a', 2));
        await never;
      }, soon);
      await settle();
      const out = signedOut('a', 3);
      expect(await store.write(out)).toEqual(out);
      expect(await store.read()).toEqual(out);
      expect(await stateOf(held)).toBe('pending');
    });

    it('L24 is waited for no longer than waitMs, and the task that was given up never runs', async () => {
      const store = make();
      const holder = deferred();
      const held = store.withLock(() => holder.promise, soon);
      let ran = false;
      const late = store.withLock(
        async () => {
          ran = true;
        },
        { ...soon, waitMs: 15 },
      );
      expect(await failureOf(late)).toBeInstanceOf(Error);
      holder.resolve();
      await held;
      await settle();
      expect(ran).toBe(false);
      expect(await store.withLock(async () => 'free', soon)).toBe('free');
    });

    it('does not count the task’s own time as waiting', async () => {
      const slow = () => new Promise((resolve) => setTimeout(resolve, 40, 'done'));
      expect(await make().withLock(slow, { ...soon, waitMs: 15 })).toBe('done');
    });

    it('L24 is not waited for once the signal is aborted, before or meanwhile, and the task never runs', async () => {
      const store = make();
      const holder = deferred();
      const held = store.withLock(() => holder.promise, soon);
      const aborter = new AbortController();
      let ran = 0;
      const count = async () => {
        ran += 1;
      };
      const meanwhile = store.withLock(count, { ...soon, signal: aborter.signal });
      await settle();
      aborter.abort();
      expect(await stateOf(meanwhile)).toBe('rejected');
      const before = store.withLock(count, { ...soon, signal: AbortSignal.abort() });
      expect(await stateOf(before)).toBe('rejected');
      holder.resolve();
      await held;
      await settle();
      expect(ran).toBe(0);
      expect(await store.withLock(async () => 'free', soon)).toBe('free');
    });

    it('is not had with a signal that was aborted before, though it is free', async () => {
      const store = make();
      let ran = false;
      const early = store.withLock(
        async () => {
          ran = true;
        },
        { ...soon, signal: AbortSignal.abort() },
      );
      expect(await stateOf(early)).toBe('rejected');
      expect(ran).toBe(false);
      expect(await store.withLock(async () => 'free', soon)).toBe('free');
    });

    it('the signal ends the waiting only, not the task that has the lock', async () => {
      const store = make();
      const aborter = new AbortController();
      const holder = deferred<string>();
      const held = store.withLock(() => holder.promise, { ...soon, signal: aborter.signal });
      await settle();
      aborter.abort();
      expect(await stateOf(held)).toBe('pending');
      holder.resolve('done');
      expect(await held).toBe('done');
    });

    it('a task that is given up in the middle leaves the others in order', async () => {
      const store = make();
      const holder = deferred();
      const order: number[] = [];
      const aborter = new AbortController();
      const take = (n: number, signal?: AbortSignal) =>
        store.withLock(async () => void order.push(n), { ...soon, signal });
      const all = [store.withLock(() => holder.promise, soon), take(1), take(2, aborter.signal), take(3)];
      await settle();
      aborter.abort();
      holder.resolve();
      await Promise.allSettled(all);
      expect(order).toEqual([1, 3]);
    });

    it('L13 a holder that never ends keeps later tasks out, each for no longer than its waitMs', async () => {
      const store = make();
      const stuck = store.withLock(() => never, soon);
      const late = [5, 10, 15].map((waitMs) => failureOf(store.withLock(async () => 'in', { ...soon, waitMs })));
      for (const error of await Promise.all(late)) expect(error).toBeInstanceOf(Error);
      expect(await stateOf(stuck)).toBe('pending');
    });
  });
}
