import { describe, expect, it } from '@jest/globals';
import { type LeaseEngine, leaseStore } from 'axios-bearer/lease';
import { Rows } from '../../support/engines/conditional-put.js';
import { failureOf, settle } from '../../support/kit.js';
import { signedOut, stored } from '../../support/stores.js';

const soon = { waitMs: 10_000, holdMs: 10_000 };
const row = { revision: 'a', value: '{}' };

/** An engine of which some is other than it should be. */
function engine(other: Record<string, unknown>): LeaseEngine {
  return { ...new Rows().engine('a'), ...other } as never;
}

describe('leaseStore looks at what it is given', () => {
  it.each([
    ['read', { read: undefined }, 'a function that resolves with the row; got undefined'],
    ['write', { write: undefined }, 'a function that puts the row on a condition; got undefined'],
    ['write', { write: 'put' }, 'a function; got a value of type string'],
    ['subscribe', { subscribe: true }, 'a function; got a value of type boolean'],
  ])('an engine without a sound %s()', (name, other, told) => {
    expect(() => leaseStore(engine(other))).toThrow(`axios-bearer: option "${name}" must be ${told}`);
  });

  it.each([99, -1, Number.NaN, Number.POSITIVE_INFINITY, '10s', null])('a leaseMs of %p', (leaseMs) => {
    expect(() => leaseStore(engine({}), { leaseMs: leaseMs as never })).toThrow(
      /option "leaseMs" must be a number of ms, at least 100; got /,
    );
  });

  it('nothing at all', () => {
    expect(() => leaseStore(undefined as never)).toThrow('option "read" must be a function that resolves with the row');
  });
});

describe('what an engine gives is looked at', () => {
  it.each([null, undefined])('no row: %p', async (nothing) => {
    expect(await leaseStore(engine({ read: async () => nothing })).read()).toBeUndefined();
  });

  it.each([
    [
      { ...row, value: { entry: { token: { accessToken: 'at' } } } },
      'the value that was written, as text; got a value of type object',
    ],
    [{ ...row, revision: 7 }, 'the revision that was written, as text; got a value of type number'],
    [{ value: '{}' }, 'the revision that was written, as text; got undefined'],
    ['a row', 'the revision that was written, as text; got undefined'],
  ])('what is no row is an error, and is not written over: %j', async (found, told) => {
    const written: unknown[] = [];
    const store = leaseStore(engine({ read: async () => found, write: async (next: unknown) => written.push(next) }));
    const calls = [() => store.read(), () => store.write(stored('a')), () => store.withLock(async () => {}, soon)];
    for (const call of calls) expect((await failureOf(call())).message).toBe(`read() must resolve with ${told}`);
    expect(written).toEqual([]);
  });

  it.each([[undefined], [1], [{ rowCount: 0 }]])('an answer that does not say whether it wrote: %j', async (answer) => {
    const { message } = await failureOf(leaseStore(engine({ write: async () => answer })).write(stored('a')));
    expect(message).toMatch(/^write\(\) must resolve with true or false: has it written\? Got /);
  });

  it('an engine that says yes to no write is given up', async () => {
    const { message } = await failureOf(leaseStore(engine({ write: async () => false })).write(stored('a')));
    expect(message).toBe('Other writers were faster 100 times: does read() give the revision that was written?');
  });
});

describe('an answer that was lost', () => {
  /** The first write that `is` one is done; then `answer` is what comes of it. */
  function losing(is: (value: string) => boolean, answer: () => Promise<boolean>) {
    const rows = new Rows();
    const { read, write } = rows.engine('a');
    let isLost = false;
    const other: LeaseEngine = {
      read,
      async write(next, expected) {
        const wrote = await write(next, expected);
        if (isLost || !is(next.value)) return wrote;
        isLost = true;
        return answer();
      },
    };
    return { store: leaseStore(other, { leaseMs: 60_000 }), sound: leaseStore(rows.engine('a'), { leaseMs: 60_000 }) };
  }

  const reset = () => Promise.reject(new Error('ECONNRESET'));
  const resent = async () => false;
  const isEntry = (value: string) => value.includes('version');
  const isLease = (value: string) => value.includes('owner');
  const isFreed = (value: string) => !value.includes('owner');

  it.each([
    ['is an error', reset],
    ['is that of the client’s second try', resent],
  ])('of an entry that was written: %s', async (_, answer) => {
    const { store, sound } = losing(isEntry, answer);
    const entry = stored('a');
    expect(await store.write(entry)).toEqual(entry);
    expect(await store.write(signedOut('a', 2))).toMatchObject({ version: 2 });
    expect(await sound.read()).toMatchObject({ version: 2 });
  });

  it.each([
    ['is an error', reset],
    ['is that of the client’s second try', resent],
  ])('of a lease that was taken: %s', async (_, answer) => {
    const { store, sound } = losing(isLease, answer);
    expect(await store.withLock(async ({ isHeld }) => isHeld?.(), soon)).toBe(true);
    expect(await sound.withLock(async () => 'had', soon)).toBe('had');
  });

  it('of a lease that was given back', async () => {
    const { store, sound } = losing(isFreed, reset);
    expect(await store.withLock(async () => 'done', soon)).toBe('done');
    expect(await sound.withLock(async () => 'had', soon)).toBe('had');
  });

  it('of a lease, from an engine that is gone then: whoever has lost it takes it when the engine is there again', async () => {
    const rows = new Rows();
    const mine = rows.engine('a');
    const store = leaseStore(
      {
        read: mine.read,
        async write(next, expected) {
          const wrote = await mine.write(next, expected);
          mine.isCutOff = !rows.isDeaf;
          return mine.isCutOff ? reset() : wrote;
        },
      },
      { leaseMs: 60_000 },
    );
    expect((await failureOf(store.withLock(async () => {}, soon))).message).toBe('ECONNRESET');
    await settle();
    expect(rows.get('a')?.value).toContain('owner');
    rows.isDeaf = true;
    mine.isCutOff = false;
    expect(await store.withLock(async () => 'had', soon)).toBe('had');
  });
});
