import { setTimeout as pause } from 'node:timers/promises';
import { bearer } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import type { ApiVideo } from 'axios-bearer/testing';
import { type Act, exactly, succeeded, upTo } from '../act.js';

const REFUSALS = 3;
const TIMER_GRAIN = 5; // ms: a timer may fire a little early by the clock of another part of the machine

export const outage: Act = {
  letter: 'e',
  headline: 'The refresh endpoint is down for a while: backoff, and no request lost',

  async play(show) {
    const { server, api, get } = await show.scene({ latency: 80, refreshLatency: 120 });
    const session = bearer(api, {
      tokens: server.issue(),
      source: apiVideo({ apiKey: server.apiKey, baseURL: server.url }),
    });
    const delays: number[] = [];
    session.on('refreshFailed', ({ error, retryAfter = 0 }) => {
      delays.push(retryAfter);
      show.say(`${error.cause?.message ?? error.message}; next try in ${Math.round(retryAfter)} ms`);
    });

    server.expire();
    server.fault('/auth/refresh', { status: 503 }, { times: REFUSALS });
    const ask = async (page: number) => {
      await pause(page > 4 ? (page - 4) * 250 : 0); // some come while it is down
      return get('/videos', { page });
    };
    const outcomes = await Promise.all(upTo(10).map(ask));

    const { status } = session.state;
    session.close();
    return {
      claims: [
        exactly('refreshes answered 503', REFUSALS, delays.length),
        exactly('retries before their backoff was over', 0, tooSoon(server, delays)),
        exactly('requests that succeed, having waited', 10, succeeded(outcomes)),
        exactly('session afterwards', 'active', status),
        exactly('sign-ins with the API key', 0, server.stats.apiKey),
      ],
    };
  },
};

function tooSoon({ log }: ApiVideo, delays: number[]): number {
  const tries = log.filter(({ path }) => path === '/auth/refresh').map(({ at }) => at);
  return delays.filter((delay, i) => tries[i + 1]! - tries[i]! < delay - TIMER_GRAIN).length;
}
