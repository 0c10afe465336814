import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type InstallOptions, replayable, type Session } from 'axios-bearer';
import {
  adapters,
  type Client,
  cleanUp,
  clientOf,
  codeOf,
  deferred,
  onAdapters,
  outcomeOf,
  requestsTo,
  startServer,
  tokenPair,
} from '../support/kit.js';

afterEach(cleanUp);

type Promised = Promise<{ status: number }>;
/** Calls with a function of the app's that is held up by `held`. */
type Call = (client: Client, held: () => Promise<unknown>) => Promised;

const hooks: [string, (held: () => Promise<unknown>) => InstallOptions, Call][] = [
  ['beforeSend', (held) => ({ beforeSend: async () => void (await held()) }), ({ api }) => api.post('/echo', {})],
  ['replayable()', () => ({}), ({ api }, held) => api.post('/echo', replayable(held))],
];

const ends: [string, string, (session: Session) => unknown][] = [
  ['signOut()', 'ERR_BEARER_SIGNED_OUT', (session) => session.signOut()],
  ['signIn() of another user', 'ERR_BEARER_IDENTITY', (session) => session.signIn(tokenPair('ben'))],
  ['close()', 'ERR_BEARER_SIGNED_OUT', (session) => session.close()],
];

describe.each(adapters)(`While a function of the app’s own runs (${onAdapters}), over %s`, (adapter) => {
  describe.each(hooks)('that is %s', (_, options, call) => {
    /** A request that is held up there: what came of it, and what the server has seen. */
    async function heldUp(first = true) {
      const [asked, answer] = [deferred(), deferred<unknown>()];
      let calls = 0;
      const held = async () => {
        calls += 1;
        if (calls === 1 && !first) return 'body';
        asked.resolve();
        return answer.promise;
      };
      const server = await startServer();
      const client = clientOf(server, { defaults: { adapter }, ...options(held) });
      const sends = requestsTo(server);
      if (!first) server.expire();
      const outcome = codeOf(call(client, held));
      await asked.promise;
      return { ...client, answer, outcome, seen: () => sends.filter(({ path }) => path === '/echo').length };
    }

    it.each(ends)('L21 L22 L24 %s ends its request, which is not sent then (%s)', async (__, code, end) => {
      const { session, answer, outcome, seen } = await heldUp();
      await end(session);
      expect(await outcome).toBe(code);
      answer.resolve('body');
      await new Promise((resolve) => setImmediate(resolve));
      expect(seen()).toBe(0);
    });

    it.each(ends)('L21 L22 L24 %s ends its replay (%s)', async (__, code, end) => {
      const { session, answer, outcome, seen } = await heldUp(false);
      await end(session);
      expect(await outcome).toBe(code);
      answer.resolve('body');
      await new Promise((resolve) => setImmediate(resolve));
      expect(seen()).toBe(1);
    });

    it('a refresh does not end it: the request goes out with the token that it was told of', async () => {
      const { session, answer, outcome, seen } = await heldUp();
      await session.refresh();
      answer.resolve('body');
      expect(await outcome).toBe('fulfilled');
      expect(seen()).toBe(1);
    });
  });

  it.each(ends)('that is shouldRefresh, L24 %s ends its thinking: the default counts', async (_, code, end) => {
    for (const status of [200, 401]) {
      const server = await startServer();
      const asked = deferred();
      const shouldRefresh = () => {
        asked.resolve();
        return new Promise<boolean>(() => {});
      };
      const { api, session } = clientOf(server, { defaults: { adapter }, shouldRefresh });
      if (status === 401) server.expire();
      const request = api.get('/echo');
      const [outcome, failure] = [outcomeOf(request), codeOf(request)];
      await asked.promise;
      await end(session);
      expect(await outcome).toBe(status);
      if (status === 401) expect(await failure).toBe(code === 'ERR_BEARER_IDENTITY' ? code : 'ERR_BAD_REQUEST');
      expect(server.stats.refresh).toBe(0);
    }
  });
});

it('L16 a stream that is made after the sign-out is closed', async () => {
  const [asked, answer, stream] = [deferred(), deferred<PassThrough>(), new PassThrough()];
  const { api, session } = clientOf(await startServer());
  const body = replayable(() => {
    asked.resolve();
    return answer.promise;
  });
  const outcome = codeOf(api.post('/echo', body));
  await asked.promise;
  await session.signOut();
  answer.resolve(stream);
  expect(await outcome).toBe('ERR_BEARER_SIGNED_OUT');
  await new Promise((resolve) => setImmediate(resolve));
  expect(stream.destroyed).toBe(true);
});
