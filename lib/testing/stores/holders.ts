import { signedIn, signedOut } from './entries.js';
import { expectSame, fail, isSame, pause, show } from './expect.js';
import type { Judgement } from './options.js';

/** What holders see of each other's writes. */
export const holders: Judgement[] = [
  {
    name: 'what was written is there for all holders when write() resolves',
    async judge({ open }) {
      const [writer, reader] = [await open(), await open()];
      for (let version = 1; version <= 10; version++) {
        const entry = signedIn(version);
        await writer.write(entry);
        expectSame('read() by another holder', entry, await reader.read());
      }
    },
  },
  {
    name: 'of several entries with one version, written at once, one wins, and all writers are told which',
    async judge({ open }) {
      const holders = [await open(), await open(), await open(), await open()];
      for (let version = 1; version <= 5; version++) {
        const entries = holders.map(() => signedIn(version));
        const answers = await Promise.all(holders.map((holder, i) => holder.write(entries[i]!)));
        const rests = await holders[0]!.read();
        if (!entries.some((entry) => isSame(entry, rests))) fail('read()', 'one of the entries', show(rests));
        for (const answer of answers) expectSame('write() of several at once', rests, answer);
      }
    },
  },
  {
    name: 'of several versions written at once the highest rests, and each writer is told its own or a higher one',
    async judge({ open }) {
      const order = [5, 2, 9, 3, 7, 4, 6, 8];
      const entries = order.map((version) => signedIn(version));
      const holders = await Promise.all(order.map(() => open()));
      const answers = await Promise.all(holders.map((holder, i) => holder.write(entries[i]!)));
      expectSame('read()', entries[2], await holders[0]!.read());
      for (const [i, answer] of answers.entries()) {
        const isOwn = isSame(answer, entries[i]);
        if (!isOwn && answer.version < order[i]!)
          fail('write() of several at once', `version ${order[i]} or more`, show(answer));
      }
    },
  },
  {
    name: 'a sign-out is the last word, at whatever moment of an earlier write it comes',
    async judge({ open }) {
      const [late, first] = [await open(), await open()];
      for (let turns = 0; turns < 8; turns++) {
        const refreshed = late.write(signedIn(2 * turns + 1));
        for (let turn = 0; turn < turns; turn++) await pause(0);
        const out = signedOut(2 * turns + 2);
        expectSame('write() of a sign-out', out, await first.write(out));
        await refreshed;
        expectSame('read()', out, await late.read());
      }
    },
  },
  {
    name: 'read() meets a whole entry while another holder writes, and never an older one than before',
    async judge({ open }) {
      const [writer, reader] = [await open(), await open()];
      const entries = Array.from({ length: 20 }, (_, i) => signedIn(i + 1));
      let stored = 0;
      const write = async () => {
        for (const entry of entries) stored = (await writer.write(entry)).version;
      };
      const writing = write();
      let isOver = false;
      const over = () => {
        isOver = true;
      };
      writing.then(over, over);
      for (let seen = 0; !isOver; await pause(0)) {
        const before = Math.max(seen, stored);
        const read = await reader.read();
        seen = read?.version ?? 0;
        if (seen < before) fail('read() while another holder writes', `version ${before} or more`, show(read));
        if (read) expectSame('read() while another holder writes', entries[seen - 1], read);
      }
      await writing;
    },
  },
];
