import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type PostgresServer, startPostgres } from '../support/engines/postgres.js';
import { atEnd } from '../support/kit.js';
import { type NetworkHost, newNetworkHost, onNetworkHosts } from '../support/network-host.js';
import { pause, underLoad } from './measure.js';
import type { Holder, Place } from './pool.js';
import { type Pool, setUpProcesses, untilActive } from './setup.js';

const CUT = 2_500; // ms
/** It is over when the link has been cut for so long. */
const hasty = { store: { leaseMs: 1_500 } };

onNetworkHosts(() => {
  let folder: string;
  let postgres: PostgresServer;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'axb-'));
    await chmod(folder, 0o755);
    const rules = join(folder, 'pg_hba.conf');
    await writeFile(rules, 'host all all all trust\n');
    postgres = await startPostgres({ settings: { listen_addresses: '*', hba_file: rules } });
  }, 120_000);
  afterAll(async () => {
    await postgres.end();
    await rm(folder, { recursive: true });
  });

  let keys = 0;
  const newPlace = async () =>
    ({ store: 'postgres', config: postgres.config, key: `session ${keys++}`, lock: 'lease', listen: true }) as const;
  const { setup, place, start } = setUpProcesses({ newPlace }, { ttl: 3_600, host: '0.0.0.0' });

  /** What is on this machine, as it is reached from another one. */
  function seenFrom({ gateway, namespace }: NetworkHost, at: Place): Place {
    return { ...JSON.parse(JSON.stringify(at).replaceAll('127.0.0.1', gateway)), namespace };
  }

  async function newHost(): Promise<NetworkHost> {
    const host = await newNetworkHost();
    atEnd(() => host.remove());
    return host;
  }

  /** Four processes on each of two hosts, signed in. */
  async function signedIn() {
    const at = await place(hasty);
    const [one, two] = [await newHost(), await newHost()];
    const here: Pool = await start(seenFrom(one, at), 4);
    const there: Pool = await start(seenFrom(two, at), 4);
    const all: Holder[] = [...here, ...there];
    await here[0].signIn(await setup.tokens());
    await Promise.all(all.map(untilActive));
    return { one, here, there, all };
  }

  it('L1 L3 five lives of a token, under load, cost one refresh each', async () => {
    const { server } = setup;
    const { here, all } = await signedIn();
    await here[0].get();
    const before = server.asked;
    const outcomes = await underLoad(all, async () => {
      for (let life = 0; life < 5; life += 1) {
        const told = all.map((holder) => holder.next('refreshed'));
        await server.expire();
        await Promise.all(told);
        await Promise.all(all.map((holder) => holder.answered()));
      }
    });
    expect([outcomes, server.asked - before]).toEqual([['ada'], 5]);
  });

  it('L3 a host whose link is cut in mid-refresh reads the answer when it is mended, and all are served', async () => {
    const { server } = setup;
    const { one, here, all } = await signedIn();
    const before = server.asked;
    const { served, release } = setup.holdTokenAnswer();
    const first = here[0].get();
    await served;
    await one.cut();
    release();
    const waiting = all.map((holder) => holder.get());
    await pause(CUT);
    await one.mend();
    const from = performance.now();
    const owners = await Promise.all([first, ...waiting]);
    console.log(`cut in mid-refresh: all served ${Math.round(performance.now() - from)} ms after it was mended`);
    expect([new Set(owners.flat()), server.asked - before]).toEqual([new Set(['ada']), 1]);
  });

  it('L3 a host whose link is cut before it sends sends nothing by a lease that is over', async () => {
    const { server } = setup;
    const { one, here, all } = await signedIn();
    const before = server.asked;
    await here[0].hold();
    const asking = here[0].next('asking');
    const first = here[0].get();
    await asking;
    await one.cut();
    const waiting = all.map((holder) => holder.get());
    await pause(CUT);
    await here[0].go();
    await one.mend();
    const from = performance.now();
    const owners = await Promise.all([first, ...waiting]);
    console.log(`cut before it sends: all served ${Math.round(performance.now() - from)} ms after it was mended`);
    expect([new Set(owners.flat()), server.asked - before]).toEqual([new Set(['ada']), 1]);
  });
});
