import { createSession, type SessionOptions } from 'axios-bearer';
import { closeSessionAtEnd } from '../support/kit.js';
import { patience } from './clock.js';
import { hostileStore } from './hostile-store.js';
import type { authority } from './setup.js';

type Scene = ReturnType<typeof authority>;

/** Signed in, with a refresh token that was not presented yet, at a store that does as told from now on. */
export async function stand(scene: Scene, options: Partial<SessionOptions> = {}, tokens: object = {}) {
  const { server, source } = scene;
  const waiting = patience();
  const hostile = hostileStore();
  const { store } = hostile;
  const held = { ...(await scene.tokens()), ...tokens };
  const session = closeSessionAtEnd(createSession({ source: source(), tokens: held, store, ...options }));
  const api = waiting.instanceOf(session, server.issuer);
  await session.token();
  // The tokens were written under the lock.
  Object.assign(hostile.seen, { attempts: 0, held: [] });
  const before = server.asked;
  /** Another one of the same tokens. */
  const holder = () => {
    const other = closeSessionAtEnd(createSession({ source: source(), store }));
    return { session: other, api: waiting.instanceOf(other, server.issuer) };
  };
  return { ...hostile, ...waiting, session, api, holder, asked: () => server.asked - before };
}
