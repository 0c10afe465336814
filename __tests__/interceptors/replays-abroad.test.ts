import { afterEach, describe, expect, it } from '@jest/globals';
import type { InstallOptions } from 'axios-bearer';
import { cleanUp, failureOf, headersAt, startClient, startServer } from '../support/kit.js';

afterEach(cleanUp);

/** How a request comes to be sent with a token that it waited for. */
const waits = ['replayed after a 401', 'replayed twice', 'held before its first send'] as const;

async function waited(how: (typeof waits)[number], options: InstallOptions) {
  const made = await startClient({ backoff: { initial: 1, factor: 1, cap: 1 }, ...options } as never);
  const { server, session } = made;
  if (how === 'held before its first send') await session.signIn({ ...server.issue(), expires_in: 0 });
  else server.fault('/echo', { status: 401 }, { times: how === 'replayed twice' ? 2 : 1 });
  return made;
}

describe.each(waits)('A request that was %s', (how) => {
  const options: [string, InstallOptions][] = [
    ['Authorization', {}],
    ['X-Token', { header: 'X-Token', scheme: '' }],
  ];

  it.each(options)('L19 bears no token where a redirect leads it to another origin: %s', async (_, option) => {
    const { server, api } = await waited(how, option);
    const abroad = await startServer();
    server.fault('/echo', { redirect: `${abroad.url}/public` });
    const seen = headersAt(abroad, '/public', 'authorization', 'x-token', 'x-mine');
    await api.get('/echo', { headers: { 'X-Mine': 'kept' } });
    expect(seen).toEqual([[undefined, undefined, 'kept']]);
  });

  it('L15 meets the caller’s own beforeRedirect, once', async () => {
    const { server, api } = await waited(how, {});
    const abroad = await startServer();
    server.fault('/echo', { redirect: `${abroad.url}/public` });
    const redirects: string[] = [];
    const beforeRedirect = ({ href }: { href?: string }) => void redirects.push(String(href));
    await api.get('/echo', { beforeRedirect: beforeRedirect as never });
    expect(redirects).toEqual([`${abroad.url}/public`]);
  });

  it.each(options)('L20 leaves no token in its error: %s', async (_, option) => {
    const { server, api, session } = await waited(how, option);
    server.fault('/echo', { status: 500 });
    const error = await failureOf(api.get('/echo'));
    expect(error.response.status).toBe(500);
    const token = await session.token();
    const shown = [error.config.headers, error.response.config.headers, error.request._header].map(String);
    expect(shown.join()).toContain('GET /echo');
    expect(shown.join()).not.toContain(token);
  });

  it('L15 gives its config back as it was: nothing of ours is worn after it', async () => {
    const { api } = await waited(how, {});
    const validateStatus = (status: number) => status < 500;
    const { config } = await api.get('/echo', { validateStatus });
    expect(config.validateStatus).toBe(validateStatus);
    expect(config.beforeRedirect).toBeUndefined();
    expect(config.adapter).toEqual(api.defaults.adapter);
  });
});
