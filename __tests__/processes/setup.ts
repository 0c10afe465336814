import { afterAll, beforeAll } from '@jest/globals';
import type { SessionOptions } from 'axios-bearer';
import { setUpAuthorizationServer } from '../authorization-server/setup.js';
import { buildHolder, type Holder, startHolder } from './pool.js';

/** For one test file: an authorization server, which judges each test, and processes on one folder. */
export function setUpProcesses(options?: { ttl: number }) {
  const setup = setUpAuthorizationServer(options);
  let built: Awaited<ReturnType<typeof buildHolder>>;
  beforeAll(async () => {
    built = await buildHolder();
  });
  afterAll(() => built.remove());

  /** Where processes share a session. */
  async function place(more: { isPlain?: boolean; options?: Partial<SessionOptions> } = {}) {
    const { issuer, tokenEndpoint, revocationEndpoint } = setup.server;
    const folder = await built.newFolder();
    return { folder, issuer, tokenEndpoint, revocationEndpoint, ...more };
  }
  type Place = Awaited<ReturnType<typeof place>>;

  /** Starts processes of a place; the first one brings the tokens. */
  async function start(at: Place, n: number): Promise<Holder[]> {
    return Promise.all(Array.from({ length: n }, () => startHolder(built.program, at)));
  }

  /** Processes that hold one session, signed in. */
  async function signedIn(n: number, at?: Place): Promise<{ at: Place; holders: Holder[] }> {
    const where = at ?? (await place());
    const holders = await start(where, n);
    const [first, ...others] = holders as [Holder, ...Holder[]];
    const found = others.map((holder) => holder.next('signedIn'));
    await first.signIn(await setup.tokens());
    if (!where.isPlain) await Promise.all(found);
    return { at: where, holders };
  }

  return { setup, place, start, signedIn };
}
