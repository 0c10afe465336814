import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { Session } from 'axios-bearer';
import { poll } from '../../examples/worker/worker.js';
import { cleanUp, clientOf, HOUR, MINUTE, serve, time, watch } from '../support/refreshes.js';
import { printed } from './printed.js';

afterEach(cleanUp);

it('plays the example', async () => {
  const { lines } = await printed(() => import('../../examples/worker/index.js'));
  expect(lines.slice(0, 4)).toEqual([
    'token 1, by the API key',
    'token 2, by the timer',
    'Request failed with status code 503; it will be tried again',
    'token 3, by the timer',
  ]);
  // On a busy machine its second poll comes later, and after more tokens.
  expect(lines.at(-1)).toMatch(/^polls: \d; answered with 401: 0; had to wait for a token: 1, the first one$/);
});

const ALWAYS = { times: Number.POSITIVE_INFINITY };
const SOON = 10; // ms

/** ms until the timer is due. Not more, or the deadline of the refresh would be over before it has begun. */
function untilDue({ state }: Session): number {
  return 'generation' in state ? state.expiresAt! - 5 * MINUTE - Date.now() + SOON : 0;
}

describe('a worker with keepFresh', () => {
  it('has a fresh token every hour though it asks for nothing', async () => {
    const clock = time();
    const server = await serve();
    const { session } = clientOf(server, { keepFresh: true });
    const refreshed = watch(session, 'refreshed');
    for (let hour = 1; hour <= 24; hour += 1) {
      await clock.advance(untilDue(session));
      await refreshed.count(hour);
    }
    expect(server.stats).toMatchObject({ refresh: 24, requests: 24, reuse: 0 });
  });

  it('keeps its session while the token endpoint is down for hours, and is at work again when that is back', async () => {
    const clock = time();
    const server = await serve();
    const { api, session } = clientOf(server, { keepFresh: true, refreshRetries: 0 });
    const failed = watch(session, 'refreshFailed');
    const ended = watch(session, 'signedOut');
    const mend = server.fault('/auth/refresh', { status: 503 }, ALWAYS);
    const end = Date.now() + 3 * HOUR;
    await clock.advance(untilDue(session));
    for (let failures = 1; Date.now() < end; failures += 1) {
      await failed.count(failures);
      clock.jump(30 * MINUTE); // the machine sleeps now and then, or this would take long
      await clock.advance(failed.all.at(-1)!.retryAfter! + SOON);
    }
    mend();
    await failed.count(server.stats.refresh);
    await clock.advance(failed.all.at(-1)!.retryAfter! + SOON);
    expect((await api.get('/videos')).status).toBe(200);
    expect(ended.all).toEqual([]);
    expect(server.stats).toMatchObject({ reuse: 0, apiKey: 0, unauthorized: 0 });
  });

  it('goes on after a poll that failed, and ends at once when it is told to', async () => {
    const server = await serve();
    const { api } = clientOf(server);
    const complaints = jest.spyOn(console, 'error').mockImplementation(() => {});
    const stop = new AbortController();
    server.fault('/videos', { status: 500 });
    const hold = server.hold(() => server.stats.ok === 2);
    const over = poll(api, 1, stop.signal);
    await hold.arrived(1);
    stop.abort();
    await over;
    expect(complaints.mock.calls).toEqual([['Request failed with status code 500']]);
    complaints.mockRestore();
    hold.release();
  });
});
