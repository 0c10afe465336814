import { createSession, type SessionOptions } from 'axios-bearer';
import { closeSessionAtEnd } from '../support/kit.js';
import { advancingClock } from './clock.js';
import { hostileStore } from './hostile-store.js';
import type { setUpAuthorizationServer } from './setup.js';

type Setup = ReturnType<typeof setUpAuthorizationServer>;

/** A signed-in session with a refresh token that was not presented yet, on a store that plays faults from now on. */
export async function clientWithStore(setup: Setup, options: Partial<SessionOptions> = {}, tokens: object = {}) {
  const { server, source } = setup;
  const waiting = advancingClock();
  const hostile = hostileStore();
  const { store } = hostile;
  const held = { ...(await setup.tokens()), ...tokens };
  const session = closeSessionAtEnd(createSession({ source: source(), tokens: held, store, ...options }));
  const api = waiting.instanceOf(session, server.issuer);
  await session.token();
  // The tokens were written under the lock.
  Object.assign(hostile.seen, { attempts: 0, held: [] });
  const before = server.asked;
  /** Another session on the same store. */
  const holder = () => {
    const other = closeSessionAtEnd(createSession({ source: source(), store }));
    return { session: other, api: waiting.instanceOf(other, server.issuer) };
  };
  return { ...hostile, ...waiting, session, api, holder, asked: () => server.asked - before };
}
