import { afterEach, describe, expect, it } from '@jest/globals';
import type { BearerEvents } from 'axios-bearer';
import type { EventConsole } from 'axios-bearer/devtools';
import { logEvents } from 'axios-bearer/devtools';
import { cleanUp, failureOf, QUICK, startClient } from '../support/kit.js';

afterEach(cleanUp);

/** A console that keeps what it is told. */
function newConsole(): EventConsole & { lines: string[] } {
  const lines: string[] = [];
  return {
    lines,
    info: (line) => void lines.push(`info ${line}`),
    warn: (line) => void lines.push(`warn ${line}`),
  };
}

describe('logEvents', () => {
  it('says in one line each what a session does, from the 401 to the replay', async () => {
    const { api, session, server } = await startClient();
    const { lines, ...to } = newConsole();
    logEvents(session, to);
    await api.get('/videos');
    server.expire();
    await api.get('/videos?secret=1');
    await session.signOut();
    const until = expect.stringMatching(/^info axios-bearer refreshed: token 2, until \d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(lines).toEqual([
      'info axios-bearer refreshing: token 1',
      'info axios-bearer waiting: GET /videos, after a 401',
      until,
      'info axios-bearer replayed: GET /videos, replay 1 with token 2',
      'info axios-bearer signedOut: signOut',
    ]);
  });

  it('warns of what needs a look, and each line is one line', async () => {
    const { api, session, server } = await startClient({ backoff: QUICK, refreshRetries: 0 });
    const { lines, ...to } = newConsole();
    logEvents(session, to);
    server.expire();
    server.fault('/auth/refresh', {
      status: 400,
      body: { error: 'invalid_grant', error_description: 'gone\nfor good' },
    });
    await failureOf(api.get('/videos'));
    const warned = lines.filter((line) => line.startsWith('warn'));
    expect(warned).toEqual([
      expect.stringMatching(/^warn axios-bearer refreshFailed: ERR_BEARER_REJECTED .*invalid_grant/),
      'warn axios-bearer signedOut: rejected',
    ]);
    expect(lines.filter((line) => line.includes('\n'))).toEqual([]);
  });

  it.each<[keyof BearerEvents, object, string]>([
    ['signedIn', { generation: 1 }, 'info axios-bearer signedIn: token 1'],
    ['tokensIgnored', { reason: 'stored' }, 'info axios-bearer tokensIgnored: stored'],
    ['refreshing', { generation: 0 }, 'info axios-bearer refreshing: there is no token yet'],
    [
      'refreshed',
      { generation: 2, adopted: true },
      'info axios-bearer refreshed: token 2, by another holder of the store',
    ],
    [
      'refreshFailed',
      { error: { code: 'ERR_BEARER_UNAVAILABLE', message: 'down' }, retryAfter: 1_240 },
      'warn axios-bearer refreshFailed: ERR_BEARER_UNAVAILABLE down, again in 1.3 s',
    ],
    ['skipped', { method: 'get', url: '/status', reason: 'off' }, 'info axios-bearer skipped: GET /status, off'],
    [
      'breakerOpen',
      { retryAfter: 30_000 },
      'warn axios-bearer breakerOpen: too many refreshes did not help, again in 30 s',
    ],
    ['signedOut', { reason: 'elsewhere' }, 'info axios-bearer signedOut: elsewhere'],
  ])('says of %s what it is about: %j', (event, payload, line) => {
    const { lines, ...to } = newConsole();
    const heard = new Map<string, (payload: object) => void>();
    const on = (name: string, listener: never) => {
      heard.set(name, listener);
      return () => {};
    };
    logEvents({ on } as never, to);
    heard.get(event)?.(payload);
    expect(lines).toEqual([line]);
  });

  it('L20 no line has a token, and none comes when it is off', async () => {
    const { api, session, server } = await startClient();
    const { lines, ...to } = newConsole();
    const off = logEvents(session, to);
    const before = await session.token();
    server.expire();
    await api.get('/videos', { params: { access_token: before } });
    const after = await session.token();
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) for (const token of [before, after]) expect(line).not.toContain(token);
    off();
    const { length } = lines;
    await session.refresh();
    expect(lines).toHaveLength(length);
  });
});
