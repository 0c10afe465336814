import { awkward, RUBBISH, signedIn } from './entries.js';
import { expectSame } from './expect.js';
import { each, type Judgement } from './options.js';

/** What an entry is when it comes back. */
export const contents: Judgement[] = [
  ...each(awkward(1), ([kind, entry]) => ({
    name: `an entry comes back whole: ${kind}`,
    async judge({ open }) {
      const store = await open();
      expectSame('write()', entry, await store.write(entry));
      expectSame('read() by another holder', entry, await (await open()).read());
    },
  })),
  {
    name: 'an entry comes back whole: the mark of the holder that presents its refresh token',
    async judge({ open, options }) {
      if (options.oneHolder) return;
      const marked = signedIn(1, { sent: 'holder' });
      expectSame('write()', marked, await (await open()).write(marked));
      expectSame('read() by another holder', marked, await (await open()).read());
    },
  },
  {
    name: 'an entry is nobody’s to change after it was written or read',
    async judge({ open }) {
      const store = await open();
      const mine = signedIn(1);
      const before = JSON.parse(JSON.stringify(mine));
      for (const entry of [mine, await store.write(mine), await store.read()]) {
        try {
          Object.assign(entry!.token!, { accessToken: 'changed' });
          Object.assign(entry!, { session: 'changed' });
        } catch {}
      }
      expectSame('read() after the objects were changed', before, await store.read());
    },
  },
  {
    name: 'registers of two names share nothing',
    async judge({ open, elsewhere }) {
      await (await open()).write(signedIn(5));
      const other = await elsewhere();
      expectSame('read() of another name', undefined, await other.read());
      const entry = signedIn(1);
      expectSame('write() under another name', entry, await other.write(entry));
    },
  },
  ...each(RUBBISH, (text) => ({
    name: `what is no entry counts as nothing, and is written over: ${JSON.stringify(text)}`,
    needs: 'corrupt',
    async judge({ name, open, options }) {
      const store = await open();
      await store.write(signedIn(1));
      await options.corrupt!(name, text);
      expectSame('read() of what is no entry', undefined, await store.read());
      const entry = signedIn(1);
      expectSame('write() over what is no entry', entry, await store.write(entry));
      expectSame('read()', entry, await (await open()).read());
    },
  })),
];
