import { bearer } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { type Act, exactly, succeeded, upTo } from '../act.js';

export const firstToken: Act = {
  letter: 'c',
  headline: 'No token yet: the first requests wait for one API-key sign-in',

  async play(show) {
    const { server, api, get } = await show.scene({ latency: 150, refreshLatency: 300 });
    const session = bearer(api, { source: apiVideo({ apiKey: server.apiKey, baseURL: server.url }) });

    const outcomes = await Promise.all(upTo(6).map((page) => get('/videos', { page })));

    session.close();
    return {
      claims: [
        exactly('requests that succeed', 6, succeeded(outcomes)),
        exactly('sign-in with the API key', 1, server.stats.apiKey),
        exactly(
          'requests sent without a token',
          0,
          server.log.filter(({ path, authorized }) => path === '/videos' && !authorized).length,
        ),
      ],
    };
  },
};
