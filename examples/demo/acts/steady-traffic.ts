import { setTimeout as pause } from 'node:timers/promises';
import { bearer } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { type Act, atLeast, exactly, upTo } from '../act.js';

const LIFE = 3; // s
const LEEWAY = 1_500; // ms: a machine that stalls for less sees no 401
const REFRESHES = 3;

export const steadyTraffic: Act = {
  letter: 'c',
  headline: 'Tokens expire under steady traffic: refreshed ahead of time, not one 401',

  async play(show) {
    const { server, api, wire, get } = await show.scene({ expiresIn: LIFE, latency: 120, refreshLatency: 200 });
    const tokens = server.issue();
    const session = bearer(api, { tokens, leeway: LEEWAY, source: apiVideo({ baseURL: server.url }) });

    let refreshed = 0;
    let failures = 0;
    const drawLife = () => {
      const token = wire.lane(`token`.concat(' ', 'ABCDEFG'[refreshed]!));
      token.note('alive');
      token.note('idle', session.state.status === 'active' ? session.state.expiresAt : undefined);
    };
    session.on('refreshed', () => {
      refreshed++;
      drawLife();
    });

    const watch = async (viewer: number) => {
      await pause(viewer * 35); // not in step with the others
      while (refreshed < REFRESHES) {
        if (await get('/videos', { viewer })) failures++;
        await pause(100);
      }
      if (await get('/videos', { viewer })) failures++;
    };
    drawLife();
    await Promise.all(upTo(6).map(watch));

    session.close();
    return [
      atLeast('refreshes', REFRESHES, server.stats.refresh),
      exactly('401s', 0, server.stats.unauthorized),
      exactly('requests that fail', 0, failures),
      atLeast('requests that succeed', 6 * REFRESHES, server.stats.ok),
    ];
  },
};
