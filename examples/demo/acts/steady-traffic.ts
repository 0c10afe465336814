import { setTimeout as pause } from 'node:timers/promises';
import { bearer, type Session } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { type Act, atLeast, exactly, upTo } from '../act.js';
import type { Wire } from '../wire.js';

const LIFE = 3; // s
const LEEWAY = 1_500; // ms: only a machine that stalls for longer could see a 401
const REFRESHES = 2;
const VIEWERS = 6;

export const steadyTraffic: Act = {
  letter: 'd',
  headline: 'Tokens that expire under steady traffic: refreshed in time, not one 401',

  async play(show) {
    const { server, api, wire, get } = await show.scene({ expiresIn: LIFE, latency: 110, refreshLatency: 200 });
    const tokens = server.issue();
    const session = bearer(api, { tokens, leeway: LEEWAY, source: apiVideo({ baseURL: server.url }) });
    const { refreshes } = drawLives(session, wire);

    let failures = 0;
    const poll = async (viewer: number) => {
      if (await get('/videos', { viewer })) failures++;
      await pause(90);
    };
    const watch = async (viewer: number) => {
      await pause(viewer * 35); // out of step with each other
      while (refreshes() < REFRESHES) await poll(viewer);
      await poll(viewer);
    };
    await Promise.all(upTo(VIEWERS).map(watch));

    session.close();
    return {
      claims: [
        exactly('times 401', 0, server.stats.unauthorized),
        exactly('failed requests', 0, failures),
        atLeast('requests that succeed', VIEWERS * REFRESHES, server.stats.ok),
        atLeast('refreshes behind them', REFRESHES, server.stats.refresh),
      ],
    };
  },
};

/** Each token from when it is there to when it ends: they overlap. */
function drawLives(session: Session, wire: Wire) {
  let refreshes = 0;
  const draw = () => {
    const lane = wire.lane(`token ${'ABCDEFGH'[refreshes]}`);
    lane.note('alive');
    if (session.state.status === 'active') lane.note('idle', session.state.expiresAt);
  };
  wire.lane('/auth/refresh'); // above the tokens
  draw();
  session.on('refreshed', () => {
    refreshes++;
    draw();
  });
  return { refreshes: () => refreshes };
}
