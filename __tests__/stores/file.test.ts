import { once } from 'node:events';
import {
  chmod,
  chown,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Lock, TokenStore } from 'axios-bearer';
import { fileStore } from 'axios-bearer/file';
import { Folder } from '../../lib/stores/file/folder.js';
import { atEnd, cleanUp, deferred, failureOf, never, settle, startSession, tokenPair } from '../support/kit.js';
import { describeOn } from '../support/on.js';
import { signedOut, stored } from '../support/stores.js';

afterEach(cleanUp);

const soon = { waitMs: 5_000, holdMs: 5_000 };

async function newFolder(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'axb-'));
  atEnd(() => rm(root, { recursive: true, force: true }));
  return join(root, 'session');
}

/** A socket as another process has it, until the test is over. */
async function liveSocket(folder: string, name: string): Promise<Server> {
  const server = createServer((call) => call.unref())
    .listen(join(folder, 'bound'))
    .unref();
  await once(server, 'listening');
  await rename(join(folder, 'bound'), join(folder, `s.${name}`));
  atEnd(() => server.close());
  return server;
}

/** As a process that was killed leaves it. */
async function deadSocket(folder: string, name: string): Promise<void> {
  const server = await liveSocket(folder, name);
  server.close();
  await once(server, 'close');
}

/** Of what is removed behind a call, no event tells. */
async function untilThereAre(n: number, folder: string, prefix = ''): Promise<void> {
  const files = async () => (await readdir(folder)).filter((name) => name.startsWith(prefix));
  while ((await files()).length !== n) await settle();
}

/** Has a task hold the lock until the test is over. */
async function held(store: TokenStore): Promise<Lock> {
  const [had, end] = [deferred<Lock>(), deferred()];
  const outcome = store.withLock((lock) => {
    had.resolve(lock);
    return end.promise;
  }, soon);
  atEnd(() => {
    end.resolve();
    return outcome;
  });
  return had.promise;
}

describe('the folder of a fileStore', () => {
  it('is made when it is missing, and nobody else can look into it or its files', async () => {
    const folder = await newFolder();
    const store = fileStore(folder);
    expect(await store.read()).toBeUndefined();
    await held(store);
    await store.write(stored('a'));
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    const files = (await readdir(folder)).filter((name) => !name.startsWith('s.'));
    const modes = await Promise.all(files.map(async (name) => (await stat(join(folder, name))).mode & 0o777));
    expect([files, modes]).toEqual([
      ['entry.1', 'lock.1'],
      [0o600, 0o600],
    ]);
  });

  it('L22 has no token in it after a sign-out', async () => {
    const folder = await newFolder();
    const session = startSession({
      store: fileStore(folder),
      tokens: tokenPair('a'),
      source: async () => tokenPair('b'),
    });
    await session.refresh();
    // As a process leaves it that is killed before its entry has a name.
    const aside = join(folder, '.new.aaaaaaaaaaaa');
    await writeFile(aside, 'rt_left');
    await utimes(aside, new Date(0), new Date(0));
    await session.signOut();
    const texts = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')));
    expect(texts.length).toBeGreaterThan(0);
    expect(texts.join()).not.toMatch(/[ar]t_/);
  });

  it('L23 has no more than an entry and a claim in it, however often it was used', async () => {
    const folder = await newFolder();
    const store = fileStore(folder);
    for (let version = 1; version <= 20; version += 1)
      await store.withLock(() => store.write(stored('a', version)), soon);
    await untilThereAre(2, folder);
    expect((await readdir(folder)).sort()).toEqual(['entry.20', 'lock.20']);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['an empty text', ''],
    ['a number', 5],
  ])('is refused when the store is made: %s', (_, folder) => {
    const make = () => fileStore(folder as string);
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_BEARER_CONFIG' }));
    expect(make).toThrow('option "folder" must be the path of a folder');
  });

  it.each<[string, (folder: string) => Promise<unknown>, RegExp]>([
    ['a file', (folder) => writeFile(folder, ''), /^fileStore can't use the folder .+: it is a file: name a folder/],
    [
      'open to others',
      async (folder) => {
        await fileStore(folder).read();
        await chmod(folder, 0o777);
      },
      /others may write there: chmod 700/,
    ],
  ])('is refused by each method where it is %s, and the error says what to do', async (_, prepare, says) => {
    const folder = await newFolder();
    await prepare(folder);
    const store = fileStore(folder);
    const calls = [() => store.read(), () => store.write(stored('a')), () => store.withLock(async () => {}, soon)];
    for (const call of calls) expect((await failureOf(call())).message).toMatch(says);
    const error = await failureOf(startSession({ store }).signIn(tokenPair('a')));
    expect([error.code, error.cause.message]).toEqual(['ERR_BEARER_STORE', expect.stringMatching(says)]);
  });

  describeOn(
    { title: 'as root', isThere: process.getuid?.() === 0, how: 'run it as root', required: undefined },
    () => {
      it('is refused where it is another user’s', async () => {
        const folder = await newFolder();
        await fileStore(folder).read();
        await chown(folder, 65_534, 65_534);
        expect((await failureOf(fileStore(folder).read())).message).toMatch(
          /it belongs to user 65534, and this is user 0/,
        );
      });

      it('is judged by the user that the process acts as', async () => {
        const folder = await newFolder();
        await fileStore(folder).read();
        await chmod(dirname(folder), 0o755);
        await chown(folder, 65_534, 65_534);
        process.seteuid?.(65_534);
        try {
          expect(await fileStore(folder).read()).toBeUndefined();
        } finally {
          process.seteuid?.(0);
        }
      });
    },
  );

  it.each([
    ['ENOSPC', 'the disk is full'],
    ['EDQUOT', 'the disk quota is used up'],
    ['EROFS', 'it is read-only'],
    ['EACCES', 'this user may not write there'],
    ['ENOENT', "it is not there, and can't be made"],
    ['EPERM', 'its file system has no hard links'],
    ['EOPNOTSUPP', 'its file system has no hard links, or no Unix sockets'],
  ])('says what %s means, and keeps the code', async (code, says) => {
    const failing = () => Promise.reject(Object.assign(new Error(code), { code, syscall: 'link' }));
    const error = await failureOf(new Folder(await newFolder()).use(failing));
    expect(error.message).toContain(says);
    expect(error).toMatchObject({ code, cause: { message: code } });
  });

  it('is made again when somebody has removed it: what a session holds goes on', async () => {
    const folder = await newFolder();
    const store = fileStore(folder);
    await store.write(stored('a'));
    await rm(folder, { recursive: true });
    expect(await store.read()).toBeUndefined();
    const entry = stored('a', 2);
    expect(await store.write(entry)).toEqual(entry);
  });

  it('L21 is another user’s when it was removed, and somebody has signed in since: a session from before writes nothing', async () => {
    const folder = await newFolder();
    const source = async () => tokenPair('ana');
    const { subscribe, ...unheard } = fileStore(folder);
    const before = startSession({ store: unheard, tokens: tokenPair('ana'), source });
    await before.refresh();
    await rm(folder, { recursive: true });
    const since = startSession({ store: fileStore(folder) });
    await since.signIn(tokenPair('bob'));
    const failure = await failureOf(before.refresh());
    expect([failure, await before.token()]).toMatchObject([{ code: 'ERR_BEARER_IDENTITY' }, 'at_bob']);
    expect((await fileStore(folder).read())?.token?.accessToken).toBe('at_bob');
  });
});

describe('the lock of a fileStore', () => {
  it('L13 is held anew after somebody has removed the folder in mid-refresh: others wait for it', async () => {
    const folder = await newFolder();
    const store = fileStore(folder);
    const lost = await store.withLock(async ({ isHeld }) => {
      await store.write({ ...stored('a'), sent: 'this holder' });
      await rm(folder, { recursive: true });
      return isHeld?.();
    }, soon);
    const { isHeld } = await held(store);
    expect([lost, isHeld?.()]).toEqual([false, true]);
    const other = fileStore(folder).withLock(async () => 'had', { ...soon, waitMs: 200 });
    expect((await failureOf(other)).message).toContain('was not free');
  });

  it('L13 is free at once when its owner has died', async () => {
    const folder = await newFolder();
    await fileStore(folder).read();
    await deadSocket(folder, 'aaaaaaaaaaaa');
    await writeFile(join(folder, 'lock.7'), 'aaaaaaaaaaaa');
    expect(await fileStore(folder).withLock(async () => 'had', { ...soon, waitMs: 5_000 })).toBe('had');
    expect(await readdir(folder)).toContain('lock.8');
  });

  it.each(['', 'no name', '../../s.aaaaaaaaaaaa', 'bbbbbbbbbbbb'])(
    'is free where its owner is %j, whom nobody can call',
    async (owner) => {
      const folder = await newFolder();
      await fileStore(folder).read();
      await writeFile(join(folder, 'lock.7'), owner);
      expect(await fileStore(folder).withLock(async () => 'had', soon)).toBe('had');
    },
  );

  it('sweeps what the dead have left, and leaves alone what may be somebody’s', async () => {
    const folder = await newFolder();
    const other = fileStore(folder);
    await other.write(stored('a', 1, { sent: 'a holder that lives' }));
    const [living] = (await readdir(folder)).filter((name) => name.startsWith('s.'));
    await deadSocket(folder, 'aaaaaaaaaaaa');
    const foreign = ['new.md', 's.json', 's.aaaaaaaaaaab', 'entry', 'lock.txt'];
    const aside = ['.new.aaaaaaaaaaaa', '.new.bbbbbbbbbbbb'];
    for (const name of [...foreign, ...aside]) await writeFile(join(folder, name), 'text');
    for (const name of [...foreign, aside[0]!]) await utimes(join(folder, name), new Date(0), new Date(0));
    await writeFile(join(folder, 'lock.3'), 'aaaaaaaaaaaa');
    await fileStore(folder).withLock(async () => {
      const kept = [...foreign, aside[1], living, 'entry.1', 'lock.4'];
      const there = await readdir(folder);
      expect(there).toEqual(expect.arrayContaining(kept));
      // And its own socket.
      expect(there).toHaveLength(kept.length + 1);
    }, soon);
  });

  it('L5 is lost when somebody removes the owner’s socket: the owner knows when it is asked', async () => {
    const folder = await newFolder();
    const lock = await held(fileStore(folder));
    expect(lock.isHeld?.()).toBe(true);
    const [socket] = (await readdir(folder)).filter((name) => name.startsWith('s.'));
    await unlink(join(folder, socket!));
    expect([lock.isHeld?.(), lock.signal.aborted]).toEqual([false, true]);
  });

  it('L23 keeps no process alive, nor do those that wait for it, nor those that listen', async () => {
    const kept = () =>
      process
        .getActiveResourcesInfo()
        .filter((name) => /Pipe|FSEvent|Timeout|Server/.test(name))
        .sort();
    const folder = await newFolder();
    const before = kept();
    const stop = fileStore(folder).subscribe!(() => {});
    const lock = await held(fileStore(folder));
    const owner = await liveSocket(folder, 'aaaaaaaaaaaa');
    await writeFile(join(folder, 'lock.9'), 'aaaaaaaaaaaa');
    const aborter = new AbortController();
    const waiting = fileStore(folder).withLock(() => never, { ...soon, signal: aborter.signal });
    await once(owner, 'connection');
    expect(lock.isHeld?.()).toBe(false);
    expect(kept()).toEqual(before);
    aborter.abort();
    await failureOf(waiting);
    stop();
  });
});

describe('the mark of a holder', () => {
  it('L3 is heeded for as long as its process lives, with the lock or without', async () => {
    const folder = await newFolder();
    const marked = stored('a', 1, { sent: 'me' });
    const marking = fileStore(folder);
    await marking.withLock(() => marking.write(marked), soon);
    expect(await fileStore(folder).read()).toEqual(marked);
  });

  it('L13 is taken off when its process has died, so that nobody waits for it', async () => {
    const folder = await newFolder();
    await fileStore(folder).read();
    const marked = stored('a', 4, { sent: 'dead' });
    await deadSocket(folder, 'aaaaaaaaaaaa');
    await writeFile(join(folder, 'entry.4'), JSON.stringify({ ...marked, by: 'aaaaaaaaaaaa' }));
    const { sent, ...unmarked } = marked;
    const read = await fileStore(folder).read();
    expect(read).toEqual({ ...unmarked, version: 5, id: expect.not.stringMatching(marked.id) });
    expect(await fileStore(folder).read()).toEqual(read);
  });

  it('L3 that another process keeps, with a token that was handed in, is still of the holder that has set it', async () => {
    const folder = await newFolder();
    await fileStore(folder).write(stored('a', 1, { sent: 'first' }));
    const { by } = JSON.parse(await readFile(join(folder, 'entry.1'), 'utf8'));
    await fileStore(folder).write(stored('a', 2, { sent: 'first' }));
    expect(JSON.parse(await readFile(join(folder, 'entry.2'), 'utf8')).by).toBe(by);
    await fileStore(folder).write(stored('a', 3, { sent: 'second' }));
    expect(JSON.parse(await readFile(join(folder, 'entry.3'), 'utf8')).by).not.toBe(by);
  });

  it('L23 needs no socket any more when another entry has replaced it', async () => {
    const folder = await newFolder();
    const store = fileStore(folder);
    await store.write(stored('a', 1, { sent: 'me' }));
    await fileStore(folder).write(signedOut('a', 2));
    await store.read();
    await untilThereAre(1, folder);
    expect(await readdir(folder)).toEqual(['entry.2']);
  });
});
