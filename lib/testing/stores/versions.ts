import type { StoreEntry, TokenStore } from '../../stores/store.js';
import { signedIn, signedOut } from './entries.js';
import { expectSame, fail, show } from './expect.js';
import { type Bench, each, type Judgement } from './options.js';

/** A holder of a register in which `entry` was written. */
async function holding({ open }: Bench, entry: StoreEntry): Promise<TokenStore> {
  const store = await open();
  await store.write(entry);
  return store;
}

/** Which of two entries rests. */
export const versions: Judgement[] = [
  {
    name: 'read() resolves with undefined when nothing was written',
    async judge({ open }) {
      expectSame('read()', undefined, await (await open()).read());
    },
  },
  {
    name: 'write() takes the first entry, whatever its version',
    async judge({ open }) {
      const store = await open();
      const first = signedIn(7);
      expectSame('write() of the first entry', first, await store.write(first));
      expectSame('read()', first, await store.read());
    },
  },
  ...each(['a refresh', 'another sign-in', 'a sign-out'], (kind) => ({
    name: `write() takes an entry with a higher version: ${kind}`,
    async judge(bench) {
      const there = signedIn(1);
      const store = await holding(bench, there);
      const higher = kind === 'a sign-out' ? signedOut(2, there.session) : signedIn(2);
      const next = kind === 'a refresh' ? { ...higher, session: there.session } : higher;
      expectSame('write() of a higher version', next, await store.write(next));
      expectSame('read()', next, await store.read());
    },
  })),
  {
    name: 'write() compares versions as numbers, up to the largest safe integer',
    async judge({ open }) {
      const store = await open();
      for (const version of [9, 10, 100, 2 ** 31, 2 ** 32 + 1, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
        const entry = signedIn(version);
        expectSame(`write() of version ${version}`, entry, await store.write(entry));
      }
      const last = await store.read();
      expectSame('write() of version 9 over the largest', last, await store.write(signedIn(9)));
    },
  },
  ...each(
    [
      ['an equal version', signedIn(3)],
      ['an equal version, of a sign-out', signedOut(3)],
      ['a lower version', signedIn(2)],
      ['a lower version, of a sign-out', signedOut(2)],
    ] as const,
    ([kind, late]) => ({
      name: `write() leaves what is there alone, and resolves with it, when given ${kind}`,
      async judge(bench) {
        const there = signedIn(3);
        const store = await holding(bench, there);
        expectSame(`write() of ${kind}`, there, await store.write(late));
        expectSame('read()', there, await store.read());
      },
    }),
  ),
  {
    name: 'write() of the same entry again answers as the first time',
    async judge(bench) {
      const store = await holding(bench, signedIn(1));
      const won = signedIn(2);
      for (const time of ['first', 'second']) expectSame(`write(), the ${time} time`, won, await store.write(won));
      const lost = signedIn(2);
      for (const time of ['first', 'second'])
        expectSame(`write() of a lost entry, the ${time} time`, won, await store.write(lost));
      const higher = signedIn(3);
      await store.write(higher);
      expectSame('write() of an entry that a higher one has replaced', higher, await store.write(won));
      expectSame('read()', higher, await store.read());
    },
  },
  {
    name: 'a sign-out comes back as an entry without a token, and no token of its version goes over it',
    async judge(bench) {
      const store = await holding(bench, signedIn(1));
      const out = signedOut(2);
      await store.write(out);
      const read = await store.read();
      expectSame('read() after a sign-out', out, read);
      if ('token' in read!) fail('read() after a sign-out', 'no property `token`', show(read));
      expectSame('write() of a token with the version of the sign-out', out, await store.write(signedIn(2)));
      const again = signedIn(3);
      expectSame('write() of a sign-in after it', again, await store.write(again));
    },
  },
];
