import { inspect } from 'node:util';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { memoryStore, type TokenStore } from 'axios-bearer';
import { cleanUp, failureOf, recordEvents, startClient, startSession, storeWith, tokenPair } from '../support/kit.js';

afterEach(cleanUp);

/** All that can be seen of it, and of its cause. */
function shown(value: unknown): string {
  return inspect(value, { depth: 12, showHidden: true });
}

/** A store whose writes fail as some databases do: with an error that quotes what was to be written. */
function quotingStore(writes: { fail: boolean }): TokenStore {
  const inner = memoryStore();
  const quote = (next: unknown) => {
    if (writes.fail) throw new Error(`duplicate key: ${JSON.stringify(next)}`);
  };
  const write: TokenStore['write'] = async (next) => {
    if (!next.sent) quote(next);
    return inner.write(next);
  };
  return storeWith({ write }, inner);
}

describe('L20 A store whose error quotes what it was to write', () => {
  const secrets = /[ar]t_\w+/;

  it('L20 shows nothing of the new token: not in the error, its cause, or an event', async () => {
    const writes = { fail: false };
    const session = startSession({
      tokens: tokenPair('old'),
      store: quotingStore(writes),
      refreshRetries: 1,
      backoff: { initial: 1, factor: 1, cap: 1 },
      source: async () => tokenPair('new'),
    });
    await session.token();
    const seen = recordEvents(session);
    const log = jest.spyOn(console, 'error').mockImplementation(() => {});
    writes.fail = true;
    const error = await failureOf(session.refresh());
    expect(error).toMatchObject({ code: 'ERR_BEARER_STORE', cause: { message: expect.stringMatching(/^duplicate/) } });
    expect(shown(error)).not.toMatch(secrets);
    expect(seen.map(([name]) => name)).toEqual(['refreshing', 'refreshFailed', 'refreshFailed']);
    expect(shown(seen)).not.toMatch(secrets);
    expect(shown(log.mock.calls)).not.toMatch(secrets);
    log.mockRestore();
  });

  it('L20 shows nothing of it in the error of a request', async () => {
    const writes = { fail: false };
    const { server, api, session } = await startClient({ store: quotingStore(writes), refreshRetries: 0 });
    await session.token();
    server.expire();
    writes.fail = true;
    const error = await failureOf(api.get('/echo'));
    expect(error).toMatchObject({ code: 'ERR_BEARER_STORE' });
    expect(String(error.cause.message)).not.toMatch(secrets);
  });

  it.each(['with tokens', 'by the source'])('L20 shows nothing of those of a sign-in %s', async (how) => {
    const writes = { fail: true };
    const session = startSession({
      store: quotingStore(writes),
      refreshRetries: 0,
      source: { obtain: async () => tokenPair('obtained') },
    });
    const seen = recordEvents(session);
    const error = await failureOf(how === 'with tokens' ? session.signIn(tokenPair('login')) : session.signIn());
    expect(error.code).toBe('ERR_BEARER_STORE');
    expect([shown(error), shown(seen)].join()).not.toMatch(secrets);
  });
});

describe('L20 A source whose error quotes tokens', () => {
  it('L20 shows neither those of this sign-in nor those just before them', async () => {
    let answers = 0;
    const session = startSession({
      tokens: tokenPair('1'),
      refreshRetries: 0,
      source: async () => {
        answers++;
        if (answers < 2) return tokenPair('2');
        throw new Error('at_1 rt_1 at_2 rt_2');
      },
    });
    await session.refresh();
    expect((await failureOf(session.refresh())).cause.message).toBe('[token] [token] [token] [token]');
  });

  it('L20 shows none after a sign-out and another sign-in', async () => {
    const session = startSession({
      tokens: tokenPair('1'),
      refreshRetries: 0,
      source: () => Promise.reject(new Error('rt_2 of at_2')),
    });
    await session.signOut();
    await session.signIn(tokenPair('2'));
    expect((await failureOf(session.refresh())).cause.message).toBe('[token] of [token]');
  });
});
