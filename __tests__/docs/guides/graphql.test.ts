import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import { cleanUp, nextEvent, startHttpServer } from '../../support/kit.js';
import { API, type Own, openGuide, reply } from './open.js';

afterEach(cleanUp);

describe('GraphQL', () => {
  async function start() {
    const state = { valid: 'at0', n: 0, operations: [] as string[] };
    const listen = async (request: IncomingMessage, response: ServerResponse) => {
      if (request.url === '/auth/refresh') {
        state.valid = `at${++state.n}`;
        return reply(response, 200, { access_token: state.valid, refresh_token: 'r', expires_in: 3600 });
      }
      const { query } = (await json(request)) as { query: string };
      state.operations.push(query);
      const isKnown = request.headers.authorization === `Bearer ${state.valid}`;
      if (!isKnown || query === '{ never }') {
        const errors = [{ message: 'Sign in', extensions: { code: 'UNAUTHENTICATED' } }];
        return reply(response, 200, { data: null, errors });
      }
      return reply(response, 200, { data: { me: { name: 'Ada' } } });
    };
    const { url } = await startHttpServer(listen);
    const run = openGuide('docs/guides/graphql.md', { [API]: url });
    const own = await run('graphql');
    const { session, graphql } = own as unknown as Own & { graphql(query: string): Promise<unknown> };
    await session.signIn({ access_token: 'at0', refresh_token: 'r', expires_in: 3600 });
    const revoke = () => {
      state.valid = 'revoked';
    };
    return { ...(own as unknown as Own), graphql, state, run, revoke };
  }

  it('refreshes once for all operations that say UNAUTHENTICATED, and sends them again', async () => {
    const { graphql, state, run, revoke } = await start();
    revoke();
    const printed: unknown[] = [];
    await Promise.all([
      run('me', { console: { log: (name: unknown) => printed.push(name) } }),
      graphql('mutation { like }'),
    ]);
    expect(printed).toEqual(['Ada']);
    expect([state.n, state.operations.length]).toEqual([1, 4]);
  });

  it('hands on the errors of the answer where a new token does not help', async () => {
    const { graphql, state } = await start();
    await expect(graphql('{ never }')).rejects.toThrow('Sign in');
    expect(state.n).toBe(1);
  });

  it('an operation that refuses every token keeps the others from a refresh, until one is accepted', async () => {
    const { graphql, state, revoke } = await start();
    await graphql('{ never }').catch(() => {});
    revoke();
    await expect(graphql('{ me }')).rejects.toThrow('Sign in');
    expect(state.n).toBe(1);
    state.valid = 'at1';
    await graphql('{ me }');
    revoke();
    await graphql('{ me }');
    expect(state.n).toBe(2);
  });

  it('sends a mutation once, if asked to, and refreshes all the same', async () => {
    const { api, session, state, revoke } = await start();
    revoke();
    const refreshed = nextEvent(session, 'refreshed');
    const { data } = await api.post('/graphql', { query: 'mutation { pay }' }, { bearer: { replay: false } });
    expect(data.errors).toHaveLength(1);
    await refreshed;
    expect(state.operations).toEqual(['mutation { pay }']);
  });
});
