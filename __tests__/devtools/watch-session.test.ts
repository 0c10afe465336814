import { afterEach, describe, expect, it } from '@jest/globals';
import type { Session } from 'axios-bearer';
import { newRecording } from '../../lib/devtools/recording.js';
import { watchSession } from '../../lib/devtools/watch-session.js';
import { cleanUp, failureOf, installClock, QUICK, startClient, startSession } from '../support/kit.js';

afterEach(cleanUp);

function watch(session: Session) {
  const recording = newRecording();
  return { ...recording, stop: watchSession(session, recording, () => {}) };
}

describe('watchSession', () => {
  it('records a refresh from its start to its token, and the attempts that failed before', async () => {
    const { session, server } = await startClient({ backoff: QUICK });
    const { refreshes, counts, tokens } = watch(session);
    server.fault('/auth/refresh', { status: 503 }, { times: 2 });
    await session.refresh();
    expect(refreshes).toEqual([
      {
        startedAt: expect.any(Number),
        failures: [expect.any(Number), expect.any(Number)],
        endedAt: expect.any(Number),
        outcome: 'done',
      },
    ]);
    expect(counts.refreshes).toBe(1);
    expect(tokens.map(({ generation, until }) => [generation, until !== undefined])).toEqual([
      [1, true],
      [2, false],
    ]);
  });

  it('records a refresh that brought nothing as failed: refused, or dropped by a sign-out', async () => {
    const { session, server } = await startClient({ backoff: QUICK });
    const { refreshes } = watch(session);
    const hold = server.hold('/auth/refresh');
    const refreshing = failureOf(session.refresh());
    await hold.arrived(1);
    expect(refreshes.at(-1)?.endedAt).toBeUndefined();
    await session.signOut();
    await refreshing;
    hold.release();
    await session.signIn(server.issue());
    server.revokeRefreshTokens();
    await failureOf(session.refresh());
    expect(refreshes.map(({ outcome }) => outcome)).toEqual(['failed', 'failed']);
  });

  it('knows a token’s life and its leeway as the session does, though it was made before', async () => {
    const { session } = await startClient({ leeway: 60_000, server: { expiresIn: 600 } });
    const { tokens } = watch(session);
    const { expiresAt } = session.getSnapshot() as { expiresAt: number };
    expect(tokens).toEqual([{ generation: 1, from: expiresAt - 600_000, dueAt: expiresAt - 60_000, expiresAt }]);
    await session.signOut();
    expect(tokens[0]?.until).toEqual(expect.any(Number));
  });

  it('knows of a refresh that brings the same access token again, with a longer life', async () => {
    const clock = installClock();
    const same = { access_token: 'same', refresh_token: 'r', expires_in: 600 };
    const session = startSession({ tokens: same, source: async () => same, leeway: 60_000 });
    const { tokens, refreshes } = watch(session);
    await clock.advance(300_000);
    await session.refresh();
    const { expiresAt } = session.getSnapshot() as { expiresAt: number };
    expect(refreshes).toMatchObject([{ outcome: 'done' }]);
    expect(tokens).toEqual([{ generation: 1, from: expiresAt - 900_000, dueAt: expiresAt - 60_000, expiresAt }]);
  });

  it('leaves no listener behind', async () => {
    const { session } = await startClient();
    let listeners = 0;
    const counted =
      <A extends unknown[]>(listen: (...args: A) => () => void) =>
      (...args: A) => {
        listeners++;
        const off = listen(...args);
        return () => {
          listeners--;
          off();
        };
      };
    const heard = new Proxy(session, {
      get(target, name) {
        const value = Reflect.get(target, name, target);
        return name === 'on' || name === 'subscribe' ? counted(value.bind(target)) : value;
      },
    });
    const { stop, refreshes } = watch(heard);
    expect(listeners).toBeGreaterThan(0);
    stop();
    expect(listeners).toBe(0);
    await session.refresh();
    expect(refreshes).toEqual([]);
  });
});
