import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import axios, { type AxiosInstance, type AxiosInterceptorManager } from 'axios';
import { createSession, type Session } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { type ApiVideo, startApiVideo } from 'axios-bearer/testing';

let server: ApiVideo;
let api: AxiosInstance;
let session: Session;

beforeEach(async () => {
  server = await startApiVideo();
  api = axios.create({ baseURL: server.url });
  session = createSession({ source: apiVideo({ baseURL: server.url }), tokens: server.issue() });
});

afterEach(async () => {
  session.close();
  await server.close();
});

describe('a place next to the wire', () => {
  it.each(['request', 'response'] as const)(
    'is whole again when only the %s interceptors were cleared',
    async (side) => {
      session.install(api);
      api.interceptors[side].clear();
      session.install(api);
      server.expire();
      expect((await api.get('/videos')).status).toBe(200);
      expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 1 });
    },
  );

  it.each(['request', 'response'] as const)('takes nobody else’s when it is left after %s.clear()', async (side) => {
    const uninstall = session.install(api);
    api.interceptors[side].clear();
    let seen = 0;
    const interceptors = api.interceptors[side] as AxiosInterceptorManager<unknown>;
    interceptors.use((passing) => {
      seen++;
      return passing;
    });
    uninstall();
    await api.get('/public');
    expect(seen).toBe(1);
  });
});
