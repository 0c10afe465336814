import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import axios, { type AxiosInstance } from 'axios';
import { bearer, type RefreshFunction } from 'axios-bearer';
import { type ApiVideo, startApiVideo } from 'axios-bearer/testing';
import { CookieJar } from 'tough-cookie';
import { atEnd, cleanUp, failureOf, times } from '../support/kit.js';
import { clientWith, closeSessions, installed, variants } from './client.js';
import { axiosOf, moduleKinds, wrapper } from './modules.js';

let server: ApiVideo;
beforeAll(async () => {
  server = await startApiVideo();
});
afterEach(async () => {
  closeSessions();
  await cleanUp();
  server.reset();
});
afterAll(() => server.close());

/** The server answers with a new cookie and no body. */
const throughClient: RefreshFunction = async (_, { client }) => void (await client.post('/cookie/refresh'));

describe.each(variants)(`axios-cookiejar-support (ES module only), ${installed}`, (variant) => {
  /** A session wholly in a cookie, on an instance that is wrapped itself. */
  async function cookies() {
    const jar = new CookieJar();
    const install = (api: AxiosInstance) => Object.assign(wrapper(api).defaults, { jar });
    const house = clientWith(server, variant, install, {
      source: throughClient,
      tokens: undefined,
      header: false,
    });
    await house.api.post('/cookie/login', undefined, { bearer: false });
    return { ...house, jar };
  }

  it('carries the new cookie on the replay: 20 requests, one refresh, each sent twice', async () => {
    const { api, jar, observed } = await cookies();
    const before = await jar.getCookieString(server.url);
    server.expire();
    const door = server.hold('/cookie/me');
    const requests = times(20, () => api.get('/cookie/me'));
    await door.arrived(20);
    door.release();
    const answers = await Promise.all(requests);
    expect(answers.every(({ data }) => data.name === 'Ada')).toBe(true);
    expect(await jar.getCookieString(server.url)).not.toBe(before);
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 20 });
    expect(observed.requests).toBe(21);
  });

  it('sends a request that needed no refresh once, with the cookie', async () => {
    const { api } = await cookies();
    expect((await api.get('/cookie/me')).data).toEqual({ name: 'Ada' });
    expect(server.stats).toMatchObject({ requests: 2, refresh: 0 });
  });

  it('ends the session when the cookie is refused for good', async () => {
    const { api, session } = await cookies();
    server.expire();
    server.fault('/cookie/refresh', { status: 401 });
    expect((await failureOf(api.get('/cookie/me'))).code).toBe('ERR_BEARER_REJECTED');
    expect(session.state.status).toBe('failed');
  });

  it('carries cookies next to a token of ours, and keeps those that come with a 401', async () => {
    const jar = new CookieJar();
    const { api } = clientWith(server, variant, (each) => Object.assign(wrapper(each).defaults, { jar }));
    server.expire();
    server.fault('/echo', { status: 401, headers: { 'set-cookie': 'lang=fr; Path=/' } });
    expect((await api.get('/echo')).data.headers.cookie).toBe('lang=fr');
  });
});

describe.each(moduleKinds)(`axios-cookiejar-support, on a child of a wrapped axios ${axios.VERSION} as %s`, (kind) => {
  async function child(source: RefreshFunction, jar = new CookieJar()) {
    const api = wrapper(axiosOf[kind].create()).create({ baseURL: server.url, jar });
    const session = bearer(api, { source, header: false });
    atEnd(() => session.close());
    await api.post('/cookie/login', undefined, { bearer: false });
    server.expire();
    return api;
  }

  it('has no jar in ctx.client, which is a child of the child: the refresh is refused', async () => {
    const api = await child(throughClient);
    expect((await failureOf(api.get('/cookie/me'))).code).toBe('ERR_BEARER_REJECTED');
  });

  it('has the jar in ctx.client where the source wraps it', async () => {
    const api = await child(async (_, { client }) => void (await wrapper(client).post('/cookie/refresh')));
    expect((await api.get('/cookie/me')).data).toEqual({ name: 'Ada' });
  });

  it('has the jar in a client of the source’s own', async () => {
    const jar = new CookieJar();
    const own = wrapper(axiosOf[kind].create({ baseURL: server.url, jar }));
    const source: RefreshFunction = async (_, { signal }) => void (await own.post('/cookie/refresh', null, { signal }));
    const api = await child(source, jar);
    expect((await api.get('/cookie/me')).data).toEqual({ name: 'Ada' });
  });
});
