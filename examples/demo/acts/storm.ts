import { setTimeout as pause } from 'node:timers/promises';
import { bearer } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { type Act, exactly, succeeded, upTo } from '../act.js';
import type { Scene } from '../scene.js';

export const storm: Act = {
  letter: 'b',
  headline: '100 requests at once on an expired token: all succeed, one refresh',

  async play(show) {
    const scene = await show.scene({ latency: 150, refreshLatency: 350 });
    const { server, api } = scene;
    const session = bearer(api, { tokens: server.issue(), source: apiVideo({ baseURL: server.url }) });

    const ok = await hundredAtOnce(scene);

    session.close();
    return {
      claims: [
        exactly('requests that succeed', 100, ok),
        exactly('times 401 on the way', 100, server.stats.unauthorized),
        exactly('refresh, though ten 401s came after it', 1, server.stats.refresh),
        exactly('spent refresh tokens presented again', 0, server.stats.reuse),
      ],
    };
  },
};

/**
 * A hundred requests with a token that the server takes no longer, which no client can know. Ninety are refused together. Ten
 * of the 401s come when the refresh is long done, as they do on a real network: that is where a second refresh slips in.
 */
export async function hundredAtOnce(scene: Pick<Scene, 'server' | 'wire' | 'get'>): Promise<number> {
  const { server, get } = scene;
  server.expire();
  const late = server.hold(({ query }) => Number(query.page) > 90);
  const early = server.hold(({ query }) => Number(query.page) <= 90);

  const calls = upTo(100).map((page) => get('/videos', { page }));
  await Promise.all([early.arrived(90), late.arrived(10)]);
  void refreshAfter(90, scene);
  early.release();
  await Promise.all(calls.slice(0, 90));
  void refreshAfter(100, scene);
  late.release();

  return succeeded(await Promise.all(calls));
}

/** A refresh is answered when so many 401s have come: what becomes of them hangs on no moment of a busy machine. */
async function refreshAfter(refused: number, { server, wire }: Pick<Scene, 'server' | 'wire'>): Promise<void> {
  const door = server.hold('/auth/refresh');
  while (wire.refused < refused) await pause(5, undefined, { ref: false });
  door.release();
}
