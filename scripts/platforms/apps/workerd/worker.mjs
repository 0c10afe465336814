import axios from 'axios';
import { bearer, memoryStore } from 'axios-bearer';
import * as entries from './entries.mjs';
import { recover } from './recover.mjs';

// At the start no timer is allowed.
for (const store of [undefined, memoryStore()]) {
  const tokens = { access_token: 'access', refresh_token: 'refresh', expires_in: 3600 };
  bearer(axios.create({ baseURL: 'https://api.example.com' }), {
    keepFresh: true,
    store,
    tokens,
    source: () => tokens,
  });
}

// The session of a module outlives the request that begins a refresh.
let target;
const api = axios.create();
api.interceptors.request.use((config) => ({ ...config, baseURL: target.baseURL }));
const source = async ({ refreshToken }, { client }) =>
  (await client.post(`${target.baseURL}/auth/refresh`, { refreshToken })).data;
const shared = bearer(api, { keepFresh: true, refreshTimeout: 500, refreshRetries: 0, origins: '*', source });

export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    const given = request.method === 'POST' ? await request.json() : undefined;
    if (pathname === '/recover') {
      const outcome = await recover(axios, bearer, given);
      return Response.json({ ...outcome, entries: Object.values(entries).filter(Boolean).length });
    }
    if (pathname === '/sign-in') {
      target = given;
      await shared.signIn(given.tokens);
      return Response.json({});
    }
    if (pathname === '/behind') {
      void shared.refresh().catch(() => {});
      await new Promise((sent) => setTimeout(sent, 200));
      return Response.json({});
    }
    return Response.json(
      await api.get('/videos').then(
        ({ status }) => status,
        ({ code }) => code,
      ),
    );
  },
};
