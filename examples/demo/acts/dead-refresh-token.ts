import { bearer } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { type Act, exactly, succeeded, upTo } from '../act.js';

export const deadRefreshToken: Act = {
  letter: 'f',
  headline: 'The refresh token is dead: signs in with the API key again, once',

  async play(show) {
    const { server, api, get } = await show.scene({ latency: 120, refreshLatency: 220 });
    const session = bearer(api, {
      tokens: server.issue(),
      source: apiVideo({ apiKey: server.apiKey, baseURL: server.url }),
    });

    server.expire();
    server.revokeRefreshTokens();
    const outcomes = await Promise.all(upTo(20).map((page) => get('/videos', { page })));

    session.close();
    return {
      claims: [
        exactly('requests that succeed', 20, succeeded(outcomes)),
        exactly('use of the dead refresh token', 1, server.stats.refresh),
        exactly('sign-in with the API key', 1, server.stats.apiKey),
      ],
    };
  },
};
