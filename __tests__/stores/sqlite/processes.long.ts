import { join } from 'node:path';
import { afterEach, expect, it } from '@jest/globals';
import { sqliteStore } from 'axios-bearer/sqlite';
import { onSqlite } from '../../support/engines/on-sqlite.js';
import { openSqlite, type SqliteEngine } from '../../support/engines/sqlite.js';
import { atEnd, cleanUp, failureOf, startSession, times, tokenPair } from '../../support/kit.js';
import { stored } from '../../support/stores.js';
import { type Process, setUpProcesses } from './processes.js';

const { newFolder, start } = setUpProcesses();
afterEach(cleanUp);

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Processes that have one database open. */
async function open(engine: SqliteEngine, n: number): Promise<[Process, ...Process[]]> {
  const path = join(await newFolder(), 'app.db');
  const processes = times(n, () => start(engine)) as [Process, ...Process[]];
  for (const each of processes) await each.open(engine.name, path);
  return processes;
}

onSqlite((engine) => {
  it('L5 of eight processes that want the lock again and again, each is alone under it, and each has its turn', async () => {
    const processes = await open(engine, 8);
    await Promise.all(processes.map((each) => each.contend()));
    await pause(5_000);
    const outcomes = await Promise.all(processes.map((each) => each.uncontend()));
    expect(outcomes.map(({ lost }) => lost)).toEqual(outcomes.map(() => 0));
    expect(Math.min(...outcomes.map(({ won }) => won))).toBeGreaterThan(0);
  });

  it('L13 the lock of a process that is killed is free at once', async () => {
    const [killed, next] = await open(engine, 2);
    await killed.hold();
    const had = next!.lock();
    await pause(300);
    const from = performance.now();
    await killed.kill();
    await had;
    const ms = Math.round(performance.now() - from);
    console.log(`${engine.name}: the next holder had the lock after ${ms} ms`);
    expect(ms).toBeLessThan(10_000);
  });

  it('L13 the mark of a process that is killed is heeded by none that has the lock', async () => {
    const [killed, next] = await open(engine, 2);
    await killed.hold();
    await killed.write(stored('a', 1, { sent: 'killed' }));
    expect(await next!.read()).toHaveProperty('sent', 'killed');
    await killed.kill();
    expect(await next!.readLocked()).toMatchObject({ session: 'a', version: 2 });
    expect(await next!.read()).not.toHaveProperty('sent');
  });

  it('L13 a process that stands still keeps the lock', async () => {
    const [stopped, next] = await open(engine, 2);
    await stopped.hold();
    await stopped.signal('SIGSTOP');
    let isHad = false;
    const had = next!.lock().then(() => {
      isHad = true;
    });
    await pause(2_000);
    expect(isHad).toBe(false);
    await stopped.kill();
    await had;
  });

  it('another process is told of a write within a second', async () => {
    const [writer, reader] = await open(engine, 2);
    const first = await writer.write(stored('a'));
    expect(await reader!.hint()).toEqual(first);
    const hint = reader!.hintAfterTheFirst();
    await pause(1_000);
    const from = performance.now();
    const entry = await writer.write(stored('a', 2));
    expect(await hint).toEqual(entry);
    console.log(`${engine.name}: told after ${Math.round(performance.now() - from)} ms`);
  });

  it('a write waits for what another process writes', async () => {
    const [busy, writer] = await open(engine, 2);
    await busy.exec('begin immediate; create table notes (text)');
    const entry = stored('a');
    let isWritten = false;
    const writing = writer!.write(entry).finally(() => {
      isWritten = true;
    });
    await pause(1_000);
    expect(isWritten).toBe(false);
    // It answers meanwhile: its thread is free.
    expect(await writer!.read()).toBeUndefined();
    await busy.exec('commit');
    expect(await writing).toEqual(entry);
  });

  it('L23 a process that listens, and one that has had the lock, end when nothing else is left to do', async () => {
    const [listening] = await open(engine, 1);
    listening.hintAfterTheFirst().catch(() => {});
    await listening.lock();
    await listening.leave();
    await listening.exited();
  });
});

onSqlite(
  ({ name }) => {
    it('L24 a transaction of the app that does not end is not waited for without end: the error says what to do', async () => {
      const db = openSqlite(name, join(await newFolder(), 'app.db'));
      atEnd(() => db.close());
      db.exec('begin immediate');
      const error = await failureOf(startSession({ store: sqliteStore(db) }).signIn(tokenPair('a')));
      expect([error.code, error.cause.message]).toEqual([
        'ERR_BEARER_STORE',
        expect.stringMatching(/^sqliteStore can't use .+app\.db: another connection has it locked: let no transaction/),
      ]);
      db.exec('rollback');
    });
  },
  { inThisProcess: true },
);
