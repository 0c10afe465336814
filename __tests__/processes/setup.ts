import { afterAll, beforeAll } from '@jest/globals';
import { setUpAuthorizationServer } from '../authorization-server/setup.js';
import type { ServerOptions } from '../support/authorization-server.js';
import { buildHolder, type Holder, type Place, startHolder } from './pool.js';
import type { SharedStore } from './stores.js';

export type Pool = [Holder, ...Holder[]];

type SomeStore = Pick<SharedStore, 'newPlace' | 'execPath'>;
type More = Partial<Pick<Place, 'at' | 'options' | 'isDeaf' | 'store'>>;

/**
 * For one test file, or one store of it: an authorization server, which judges each test, and processes on one store.
 */
export function setUpProcesses({ newPlace, execPath }: SomeStore, options?: ServerOptions) {
  const setup = setUpAuthorizationServer(options);
  let built: Awaited<ReturnType<typeof buildHolder>>;
  beforeAll(async () => {
    built = await buildHolder();
  });
  afterAll(() => built.remove());

  /** Where processes share a session. */
  async function place(more: More = {}): Promise<Place> {
    const { issuer, tokenEndpoint, revocationEndpoint } = setup.server;
    return { issuer, tokenEndpoint, revocationEndpoint, execPath, ...more, at: more.at ?? (await newPlace()) };
  }

  /** @param clocks ms by which the clock of each process is wrong */
  async function start(where: Place, n: number, clocks: number[] = []): Promise<Pool> {
    const starting = Array.from({ length: n }, (_, i) =>
      startHolder(built.program, { ...where, clock: clocks[i] ?? 0 }),
    );
    return Promise.all(starting) as Promise<never>;
  }

  /** Processes that hold one session, signed in: the first one brings the tokens. */
  async function signedIn(n: number, at?: Place, clocks?: number[]): Promise<{ at: Place; holders: Pool }> {
    const where = at ?? (await place());
    const holders = await start(where, n, clocks);
    const [first, ...others] = holders;
    await first.signIn(await setup.tokens());
    await Promise.all(others.map(untilActive));
    return { at: where, holders };
  }

  return { setup, place, start, signedIn };
}

/** A process that may get no hint of a sign-in. */
export async function untilActive(holder: Holder): Promise<void> {
  while ((await holder.status()) !== 'active') await holder.token();
}
