import { inspect } from 'node:util';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { SessionState } from 'axios-bearer';
import { bearerError } from '../../lib/errors.js';
import type { SessionEvent } from '../../lib/session/session-event.js';
import { type Holding, transition } from '../../lib/session/state.js';
import {
  atEnd,
  cleanUp,
  codeOf,
  deferred,
  failureOf,
  nextEvent,
  settle,
  startClient,
  startSession,
  tokenPair,
} from '../support/kit.js';

afterEach(cleanUp);

describe('state', () => {
  it('is signed-out without tokens', () => {
    expect(startSession().state).toEqual({ status: 'signed-out' });
  });

  it('is active from the first moment with tokens, so that no user interface flickers', () => {
    const session = startSession({ tokens: tokenPair('a', { scope: 'videos' }) });
    expect(session.state).toEqual({
      status: 'active',
      generation: expect.any(Number),
      expiresAt: expect.any(Number),
      scope: 'videos',
    });
  });

  it('leaves out what the tokens do not say', () => {
    const { state } = startSession({ tokens: 'bare' });
    expect(state.status).toBe('active');
    expect(Object.keys(state)).toEqual(['status', 'generation']);
  });

  it('says refreshing while a flight is under way, then active with the next generation and the new expiry', async () => {
    const answer = deferred<unknown>();
    const session = startSession({ tokens: tokenPair('a'), source: () => answer.promise as never });
    const before = session.state as Extract<SessionState, { status: 'active' }>;
    const flight = session.refresh();
    await settle();
    expect(session.state).toMatchObject({ status: 'refreshing', generation: before.generation });
    answer.resolve(tokenPair('b', { expires_in: 7200 }));
    await flight;
    expect(session.state).toMatchObject({ status: 'active', generation: before.generation + 1 });
    expect((session.state as typeof before).expiresAt).toBeGreaterThan(before.expiresAt! + 3_000_000);
  });

  it('says failed with the reason after a definite refusal, until the next sign-in', async () => {
    const refused = Object.assign(new Error('no'), { isAxiosError: true, response: { status: 400 } });
    const tokens = { ...tokenPair('a'), expires_in: undefined, expiresAt: 1 };
    const session = startSession({ tokens, source: () => Promise.reject(refused) });
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_REJECTED');
    expect(session.state).toMatchObject({ status: 'failed', error: { code: 'ERR_BEARER_REJECTED' } });
    await session.signIn(tokenPair('b'));
    expect(session.state).toMatchObject({ status: 'active' });
  });

  it('stays active through a transient failure while the token lives (L10)', async () => {
    const session = startSession({
      tokens: tokenPair('a'),
      source: () => Promise.reject(new Error('down')),
      refreshRetries: 0,
    });
    expect(await codeOf(session.refresh())).toBe('ERR_BEARER_UNAVAILABLE');
    expect(session.state).toMatchObject({ status: 'active' });
  });

  it('is signed-out after signOut() and after close()', async () => {
    const session = startSession({ tokens: tokenPair('a') });
    await session.signOut();
    expect(session.state).toEqual({ status: 'signed-out' });
    const other = startSession({ tokens: tokenPair('a') });
    other.close();
    expect(other.state).toEqual({ status: 'signed-out' });
  });

  it('has a reason for having no token', async () => {
    const session = startSession();
    expect((await failureOf(session.token())).message).toBe('Nobody is signed in: call signIn()');
    await session.signOut();
    expect((await failureOf(session.token())).message).toBe('The session was signed out by signOut(): call signIn()');
    session.close();
    expect((await failureOf(session.token())).message).toBe('The session was closed');
  });

  it('carries no token in any of its forms', async () => {
    const states: SessionState[] = [];
    const { server, api, session } = await startClient();
    session.subscribe(() => states.push(session.state));
    states.push(session.state);
    await session.refresh();
    server.revokeRefreshTokens();
    server.expire();
    await codeOf(api.get('/videos'));
    await session.signIn(server.issue());
    await session.signOut();
    const shown = inspect([states, session], { depth: 10, showHidden: true }) + JSON.stringify([states, session]);
    expect(new Set(states.map(({ status }) => status))).toEqual(
      new Set(['active', 'refreshing', 'failed', 'signed-out']),
    );
    expect(shown).not.toMatch(/[ar]t_/);
  });
});

describe('subscribe and getSnapshot', () => {
  it('work unbound, as React takes them', async () => {
    const { subscribe, getSnapshot } = startSession({ tokens: tokenPair('a') });
    const changed = jest.fn();
    const unsubscribe = subscribe(changed);
    expect(getSnapshot()).toMatchObject({ status: 'active' });
    unsubscribe();
    expect(changed).not.toHaveBeenCalled();
  });

  it('give the same object until something changes, and state is that object', async () => {
    const session = startSession({ tokens: tokenPair('a') });
    const first = session.getSnapshot();
    expect(session.getSnapshot()).toBe(first);
    expect(session.state).toBe(first);
    await session.token();
    await session.token();
    expect(session.getSnapshot()).toBe(first);
    await session.refresh();
    const second = session.getSnapshot();
    expect(second).not.toBe(first);
    expect(session.getSnapshot()).toBe(second);
  });

  it('give snapshots that do not change afterwards', async () => {
    const session = startSession({ tokens: tokenPair('a') });
    const first = session.getSnapshot();
    const copy = { ...first };
    await session.refresh();
    await session.signOut();
    expect(first).toEqual(copy);
  });

  it('tell of changes only: no snapshot equals the one before it', async () => {
    const { session } = await startClient();
    const snapshots = [session.getSnapshot()];
    session.subscribe(() => snapshots.push(session.getSnapshot()));
    await session.refresh();
    await session.signOut();
    await session.signIn(tokenPair('b'));
    expect(snapshots.map(({ status }) => status)).toEqual(
      expect.arrayContaining(['refreshing', 'signed-out', 'active']),
    );
    const told = snapshots.map((snapshot) => JSON.stringify(snapshot));
    expect(told.filter((snapshot, i) => snapshot === told[i - 1])).toEqual([]);
  });

  it('do not tell of a token that is merely used', async () => {
    const { api, session } = await startClient();
    await session.token();
    const changed = jest.fn();
    session.subscribe(changed);
    await Promise.all([1, 2, 3].map(() => api.get('/videos')));
    expect(changed).not.toHaveBeenCalled();
  });

  it('stop telling a subscriber that has left, also one that leaves while it is told', async () => {
    const session = startSession({ tokens: tokenPair('a') });
    const calls: string[] = [];
    const leave = session.subscribe(() => {
      calls.push('once');
      leave();
    });
    session.subscribe(() => calls.push('always'));
    await session.refresh();
    expect(calls.filter((call) => call === 'once')).toHaveLength(1);
    expect(calls.filter((call) => call === 'always').length).toBeGreaterThanOrEqual(2);
  });

  it('harm nobody when a subscriber throws', async () => {
    const report = jest.spyOn(console, 'error').mockImplementation(() => {});
    atEnd(() => report.mockRestore());
    const session = startSession({ tokens: tokenPair('a') });
    const later = jest.fn();
    session.subscribe(() => {
      throw new Error('in a subscriber');
    });
    session.subscribe(later);
    await expect(session.refresh()).resolves.toMatchObject({ accessToken: 'from-source' });
    expect(session.state.status).toBe('active');
    expect(later).toHaveBeenCalled();
    expect(report).toHaveBeenCalledWith('axios-bearer: a listener of "change" threw', expect.any(Error));
  });

  it('may be called from inside: a subscriber that asks for a token gets it', async () => {
    const session = startSession({ tokens: tokenPair('a') });
    const tokens: Promise<string>[] = [];
    const leave = session.subscribe(() => tokens.push(session.token()));
    await session.refresh();
    leave();
    expect(tokens.length).toBeGreaterThan(0);
    expect(new Set(await Promise.all(tokens)).size).toBeLessThanOrEqual(2);
  });

  it('show a change before the caller who waited for it goes on', async () => {
    const session = startSession({ tokens: tokenPair('a') });
    const order: string[] = [];
    session.subscribe(() => order.push(session.state.status));
    await session.refresh().then(() => order.push('caller'));
    expect(order).toEqual(['refreshing', 'active', 'caller']);
  });

  it('show one flight of a storm as one change each way', async () => {
    const { server, api, session } = await startClient();
    server.expire();
    const statuses: string[] = [];
    session.subscribe(() => statuses.push(session.state.status));
    const refreshed = nextEvent(session, 'refreshed');
    await Promise.all(Array.from({ length: 20 }, () => api.get('/videos')));
    await refreshed;
    expect(statuses).toEqual(['refreshing', 'active']);
  });
});

describe('The machine', () => {
  const token = { accessToken: 'at_b', refreshToken: 'rt_b', issuedAt: 0 };
  const current = { generation: 2, session: 's', token, dueAt: Number.POSITIVE_INFINITY };
  const holding: Holding = { state: { is: 'active', current }, signedOut: [] };
  const error = bearerError('ERR_BEARER_REJECTED', 'refused');

  it.each<SessionEvent>([
    { is: 'rejected', session: 's', presented: 'rt_a', error, serves: false },
    { is: 'rejected', session: 'other', presented: 'rt_b', error, serves: false },
    { is: 'mustObtain', session: 's', presented: 'rt_a' },
    { is: 'mustObtain', session: 'other', presented: 'rt_b' },
  ])('L10 keeps a refresh token when another one was refused: %j', (event) => {
    expect(transition(holding, event)).toEqual({ holding, effects: [] });
  });

  it('L10 ends the session of a refresh token that was refused, if its access token is over', () => {
    const { state } = transition(holding, {
      is: 'rejected',
      session: 's',
      presented: 'rt_b',
      error,
      serves: false,
    }).holding;
    expect(state).toEqual({ is: 'ended', why: error });
  });
});
