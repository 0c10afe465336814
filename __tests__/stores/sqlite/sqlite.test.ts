import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Lock, TokenStore } from 'axios-bearer';
import { sqliteStore } from 'axios-bearer/sqlite';
import { onSqlite } from '../../support/engines/on-sqlite.js';
import { openSqlite, type SqliteHandle } from '../../support/engines/sqlite.js';
import { atEnd, cleanUp, deferred, failureOf, settle, startSession, tokenPair } from '../../support/kit.js';
import { signedOut, stored } from '../../support/stores.js';
import { lockFileOf } from './lock-file-of.js';

afterEach(cleanUp);

const ENOUGH = { waitMs: 5_000, holdMs: 5_000 };

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'axb-'));
  atEnd(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

interface Opening {
  path?: string;
  mode?: string;
  options?: object;
}

/** Has a task hold the lock until it is ended. */
async function held(store: TokenStore, options = ENOUGH) {
  const [had, task] = [deferred<Lock>(), deferred()];
  const outcome = store.withLock((lock) => {
    had.resolve(lock);
    return task.promise;
  }, options);
  const end = () => {
    task.resolve();
    return outcome;
  };
  atEnd(end);
  return { lock: await had.promise, end };
}

/** Is the lock not to be had? It is waited for a moment. */
async function isTaken(store: TokenStore): Promise<boolean> {
  const error = await store.withLock(async () => undefined, { waitMs: 200, holdMs: 1_000 }).catch((error) => error);
  return /not free/.test(String(error));
}

/** Files that this process has open. */
async function openFiles(folder: string): Promise<string[]> {
  const fds = await readdir('/proc/self/fd');
  const paths = await Promise.all(fds.map((fd) => readlink(join('/proc/self/fd', fd)).catch(() => '')));
  return paths.filter((path) => path.startsWith(folder));
}

onSqlite(
  ({ name }) => {
    async function openDatabase({ path, mode = 'wal', options }: Opening = {}) {
      const at = path ?? join(await newFolder(), 'app.db');
      const db = openSqlite(name, at, options);
      atEnd(() => {
        try {
          db.close();
        } catch {
          // The test has closed it.
        }
      });
      if (mode) db.exec(`pragma journal_mode = ${mode}`);
      return { db, path: at, folder: dirname(at) };
    }

    /** What rests in a table, by key. */
    const rowOf = (db: SqliteHandle, key = 'session', table = 'bearer_session') =>
      db.prepare(`select key, entry from ${table} where key = ?`).get(key) as { entry: string };

    describe('a database', () => {
      it('gets a table when a session is first written, and not when it is read', async () => {
        const { db } = await openDatabase();
        const store = sqliteStore(db);
        const tables = () => db.prepare('select count(*) as n from sqlite_master').get();
        expect([await store.read(), tables()]).toMatchObject([undefined, { n: 0 }]);
        const entry = await store.write(stored('a'));
        expect(JSON.parse(rowOf(db).entry)).toEqual(entry);
      });

      it('holds a session for each key, and each table', async () => {
        const { db } = await openDatabase();
        const open = [
          sqliteStore(db),
          sqliteStore(db, { key: 'ada@example.com' }),
          sqliteStore(db, { key: "a'; drop table bearer_session --" }),
          sqliteStore(db, { table: 'other_sessions' }),
        ];
        const entries = open.map((_, i) => stored(`user${i}`));
        await Promise.all(open.map((store, i) => store.write(entries[i]!)));
        expect(await Promise.all(open.map((store) => store.read()))).toEqual(entries);
        expect(JSON.parse(rowOf(db, 'session', 'other_sessions').entry)).toEqual(entries[3]);
        await Promise.all(open.map((store) => held(store)));
      });

      it('L20 tells no key by the name of its lock', async () => {
        const { db, folder } = await openDatabase();
        await sqliteStore(db, { key: 'ada@example.com' }).withLock(async () => {}, ENOUGH);
        expect(readdirSync(folder).join()).not.toContain('ada');
      });

      it('L23 has an empty file for the lock beside it, and no journal of it', async () => {
        const { db, path, folder } = await openDatabase();
        const { end } = await held(sqliteStore(db));
        expect(readdirSync(folder).filter((file) => /journal/.test(file))).toEqual([]);
        await end();
        expect(statSync(lockFileOf(path)).size).toBe(0);
      });

      it('L23 is not opened more often, however often it is used', async () => {
        const { db, folder } = await openDatabase();
        const store = sqliteStore(db);
        const use = () => store.withLock(() => store.read(), ENOUGH);
        // SQLite keeps a file that was closed for the next connection, while another one has a lock on it.
        await use();
        const before = await openFiles(folder);
        for (let i = 0; i < 20; i += 1) await use();
        expect(await openFiles(folder)).toEqual(before);
      });

      it.each(['wal', 'delete'])('L22 has no token in it after a sign-out, with journal_mode %s', async (mode) => {
        const { db, folder } = await openDatabase({ mode });
        const store = sqliteStore(db);
        const session = startSession({ store, tokens: tokenPair('a'), source: async () => tokenPair('b') });
        await session.refresh();
        const texts = () => readdirSync(folder).map((file) => readFileSync(join(folder, file), 'latin1'));
        expect(texts().join()).toContain('rt_b');
        await session.signOut();
        expect(texts().join()).not.toMatch(/[ar]t_/);
      });

      it('may be closed by the app first: what is still under way is written', async () => {
        const { db, path } = await openDatabase();
        const store = sqliteStore(db);
        db.close();
        const entry = stored('a');
        await store.withLock(() => store.write(entry), ENOUGH);
        expect(await sqliteStore((await openDatabase({ path })).db).read()).toEqual(entry);
      });

      it('L4 has a write on the disk, whatever the app thinks enough for its own', async () => {
        const { db } = await openDatabase();
        db.exec('pragma synchronous = off');
        const store = sqliteStore(db);
        const seen: unknown[] = [];
        const Engine = db.constructor as unknown as { prototype: SqliteHandle };
        const { exec } = Engine.prototype;
        atEnd(() => Object.assign(Engine.prototype, { exec }));
        Engine.prototype.exec = function (this: SqliteHandle, sql: string) {
          if (sql === 'commit') seen.push(Object.values(this.prepare('pragma synchronous').get() as object)[0]);
          return exec.call(this, sql);
        };
        await store.write(stored('a'));
        expect(seen).toEqual([3]);
      });
    });

    describe('a handle', () => {
      it.each<[string, unknown]>([
        ['nothing', undefined],
        ['a path', 'app.db'],
        ['something else', { prepare() {} }],
      ])('is refused if it is %s', (_, db) => {
        const make = () => sqliteStore(db as SqliteHandle);
        expect(make).toThrow(expect.objectContaining({ code: 'ERR_BEARER_CONFIG' }));
        expect(make).toThrow('option "db" must be a database of better-sqlite3 or node:sqlite');
      });

      it('is refused if it is closed', async () => {
        const { db } = await openDatabase();
        db.close();
        expect(() => sqliteStore(db)).toThrow(
          'option "db" must be a database of better-sqlite3 or node:sqlite that is open',
        );
      });

      it.each([
        ['key', ''],
        ['key', 7],
        ['table', ''],
        ['table', 'a b'],
        ['table', 'x; drop table users'],
      ])('is refused with an option that is none: %s %j', async (option, value) => {
        const { db } = await openDatabase();
        expect(() => sqliteStore(db, { [option]: value })).toThrow(`option "${option}" must be`);
      });

      it('may be read-only, or of a class of the app’s own: it says where the database is', async () => {
        const { db, path } = await openDatabase();
        const entry = stored('a');
        await sqliteStore(db).write(entry);
        const readOnly = name === 'node:sqlite' ? 'readOnly' : 'readonly';
        const { db: reader } = await openDatabase({ path, mode: '', options: { [readOnly]: true } });
        const Engine = db.constructor as unknown as new (path: string) => SqliteHandle;
        class Own extends Engine {
          constructor() {
            super(path);
          }
          override prepare(sql: string) {
            return super.prepare(sql);
          }
        }
        const own = new Own();
        atEnd(() => own.close());
        const next = stored('a', 2);
        await sqliteStore(reader).withLock(() => sqliteStore(reader).write(next), ENOUGH);
        const { end } = await held(sqliteStore(own));
        expect([await sqliteStore(own).read(), await isTaken(sqliteStore(db))]).toEqual([next, true]);
        await end();
      });

      it('may give rows as arrays, or integers as BigInt', async () => {
        const options = { returnArrays: true, readBigInts: true };
        const { db } = await openDatabase({ options });
        (db as { defaultSafeIntegers?(): void }).defaultSafeIntegers?.();
        const store = sqliteStore(db);
        const entry = stored('a');
        await store.write(entry);
        expect(await store.read()).toEqual(entry);
      });

      it('of a database in memory keeps the session beside it, for this process', async () => {
        const { db } = await openDatabase({ path: ':memory:', mode: '' });
        const { db: other } = await openDatabase({ path: ':memory:', mode: '' });
        const entry = stored('a');
        await sqliteStore(db).write(entry);
        expect(await sqliteStore(db).read()).toEqual(entry);
        expect([await sqliteStore(other).read(), await sqliteStore(db, { key: 'b' }).read()]).toEqual([
          undefined,
          undefined,
        ]);
        const { end } = await held(sqliteStore(db));
        expect([await isTaken(sqliteStore(db)), await isTaken(sqliteStore(other))]).toEqual([true, false]);
        await end();
      });
    });

    describe('a transaction of the app', () => {
      it('L4 that is rolled back undoes nothing of the session', async () => {
        const { db, path } = await openDatabase();
        const { db: other } = await openDatabase({ path });
        db.exec('create table notes (text)');
        db.exec('begin');
        db.prepare('select * from notes').get();
        const entry = stored('a');
        await sqliteStore(db).write(entry);
        db.exec('rollback');
        expect(await sqliteStore(other).read()).toEqual(entry);
      });

      it('L4 that sees the database as it was does not hide what another process has written', async () => {
        const { db, path } = await openDatabase();
        const store = sqliteStore(db);
        await store.write(stored('a'));
        db.exec('begin');
        expect(rowOf(db).entry).toContain('rt_a1');
        const entry = stored('a', 2);
        await sqliteStore((await openDatabase({ path })).db).write(entry);
        expect(rowOf(db).entry).toContain('rt_a1');
        expect(await store.read()).toEqual(entry);
        db.exec('rollback');
      });

      it.each(['wal', 'delete'])('that writes is waited for, with the thread free meanwhile (%s)', async (mode) => {
        const { db } = await openDatabase({ mode });
        const store = sqliteStore(db);
        await store.write(stored('a'));
        db.exec('begin exclusive; create table notes (text)');
        const entry = stored('a', 2);
        let isWritten = false;
        const writing = store.write(entry).finally(() => {
          isWritten = true;
        });
        const from = performance.now();
        while (performance.now() - from < 100) await settle();
        expect(isWritten).toBe(false);
        db.exec('commit');
        expect(await writing).toEqual(entry);
        // The engine's own way is to stop the thread for five seconds, in which the app can't commit.
        expect(performance.now() - from).toBeLessThan(4_000);
        expect(await store.read()).toEqual(entry);
      });
    });

    describe('the lock', () => {
      it('keeps nobody from writing: a sign-out, or the app itself', async () => {
        const { db } = await openDatabase();
        const store = sqliteStore(db);
        await store.write(stored('a'));
        await held(store);
        const out = signedOut('a', 2);
        expect(await sqliteStore(db).write(out)).toEqual(out);
        db.exec('begin immediate; create table notes (text); commit');
      });

      it('L13 is kept after its task for as long as a mark rests, and no longer than holdMs', async () => {
        const { db } = await openDatabase();
        const [store, other] = [sqliteStore(db), sqliteStore(db)];
        const mark = (version: number, holdMs: number) =>
          store.withLock(() => store.write(stored('a', version, { sent: 'me' })), { waitMs: 5_000, holdMs });
        await mark(1, 60_000);
        expect(await isTaken(other)).toBe(true);
        expect(await store.withLock(() => store.read(), ENOUGH)).toHaveProperty('sent', 'me');
        expect(await isTaken(other)).toBe(true);
        await store.write(stored('a', 2));
        expect(await isTaken(other)).toBe(false);
        await mark(3, 300);
        expect(await other.withLock(() => other.read(), ENOUGH)).not.toHaveProperty('sent');
      });

      it('L13 says whose mark is left: one that is found with the lock is taken off, and stays where it is found without', async () => {
        const { db } = await openDatabase();
        const store = sqliteStore(db);
        const entry = await store.write(stored('a', 1, { sent: randomUUID() }));
        expect(await store.read()).toEqual(entry);
        const { sent, ...unmarked } = entry;
        const found = await store.withLock(() => store.read(), ENOUGH);
        expect(found).toEqual({ ...unmarked, version: 2, id: expect.any(String) });
        expect(await store.read()).toEqual(found);
      });

      it('that was removed is no lock any more: the holder is told, and the next one has another', async () => {
        const { db, path } = await openDatabase();
        const [store, other] = [sqliteStore(db), sqliteStore(db)];
        const { lock, end } = await held(store);
        expect(lock.isHeld?.()).toBe(true);
        await rm(lockFileOf(path));
        expect([lock.isHeld?.(), lock.signal.aborted]).toEqual([false, true]);
        const { end: endOther } = await held(other);
        await end();
        expect(await isTaken(store)).toBe(true);
        await endOther();
        expect(await isTaken(store)).toBe(false);
      });
    });

    describe('a database that is of no use', () => {
      it.each<[string, (at: { path: string; folder: string; db: SqliteHandle }) => unknown, RegExp]>([
        [
          'gone, with its folder',
          ({ folder }) => rm(folder, { recursive: true }),
          /its folder is not there|the directory does not exist/,
        ],
        [
          'no database',
          ({ path }) => writeFileSync(path, 'x'.repeat(10_000)),
          /app\.db: it is no database, or an encrypted/,
        ],
      ])('as it is %s, is told by an error that says what to do', async (_, spoil, says) => {
        const at = await openDatabase({ mode: 'delete' });
        const store = sqliteStore(at.db);
        await spoil(at);
        for (const call of [() => store.read(), () => store.write(stored('a'))])
          expect((await failureOf(call())).message).toMatch(says);
        const error = await failureOf(startSession({ store }).signIn(tokenPair('a')));
        expect([error.code, error.cause.message]).toEqual(['ERR_BEARER_STORE', expect.stringMatching(says)]);
      });
    });

    describe('hints', () => {
      /** Resolves at the next hint, with what can be read then. */
      const hint = (store: TokenStore) =>
        new Promise((resolve) => {
          const stop = store.subscribe!(() => {
            stop();
            resolve(store.read());
          });
        });

      /** Counts the hints. */
      const count = async (store: TokenStore) => {
        const seen = { hints: 0 };
        atEnd(store.subscribe!(() => void seen.hints++));
        while (seen.hints === 0) await settle();
        return seen;
      };

      it('are of the session alone, not of what else is written', async () => {
        const { db, path } = await openDatabase();
        const { db: other } = await openDatabase({ path });
        const store = sqliteStore(db);
        const seen = await count(store);
        other.exec('create table notes (text)');
        await sqliteStore(other, { key: 'b' }).write(stored('b'));
        const told = hint(sqliteStore(db, { key: 'b' }));
        await told;
        expect(seen.hints).toBe(1);
        const entry = stored('a');
        await sqliteStore(other).write(entry);
        while (seen.hints < 2) await settle();
        expect(await store.read()).toEqual(entry);
      });

      it('L23 are looked for no more when nobody listens', async () => {
        const { db } = await openDatabase();
        const seen: string[] = [];
        const { prototype } = db.constructor as unknown as { prototype: SqliteHandle };
        const { prepare } = prototype;
        atEnd(() => Object.assign(prototype, { prepare }));
        prototype.prepare = function (this: SqliteHandle, sql: string) {
          seen.push(sql);
          return prepare.call(this, sql);
        };
        const stop = sqliteStore(db).subscribe!(() => {});
        while (!seen.includes('pragma data_version')) await settle();
        stop();
        const looks = seen.length;
        const from = performance.now();
        while (performance.now() - from < 600) await settle();
        expect(seen).toHaveLength(looks);
      });

      it('come after a time in which nobody could look', async () => {
        const { db, path } = await openDatabase({ mode: 'delete' });
        const { db: other } = await openDatabase({ path, mode: '' });
        const store = sqliteStore(db);
        await store.write(stored('a'));
        const seen = await count(store);
        other.exec('begin exclusive');
        const from = performance.now();
        while (performance.now() - from < 600) await settle();
        const entry = JSON.stringify(stored('a', 2));
        other.prepare('update bearer_session set entry = ?').run(entry);
        other.exec('commit');
        while (seen.hints < 2) await settle();
        expect(await store.read()).toEqual(JSON.parse(entry));
      });
    });
  },
  { inThisProcess: true },
);
