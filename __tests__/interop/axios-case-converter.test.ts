import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { RefreshFunction } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { type ApiVideo, type Echo, startApiVideo } from 'axios-bearer/testing';
import { failureOf } from '../support/kit.js';
import { type ClientOptions, clientWith, closeSessions, installed, type Variant, variants } from './client.js';
import { convertCaseOf } from './modules.js';

let server: ApiVideo;
beforeAll(async () => {
  server = await startApiVideo();
});
afterEach(() => {
  closeSessions();
  server.reset();
});
afterAll(() => server.close());

/** Snake case on the wire, camel case in the app. */
function converting(variant: Variant, options?: ClientOptions) {
  return clientWith(server, variant, (api) => convertCaseOf[variant.kind](api), options);
}

/** A token endpoint that takes camel case, whatever the rest of the API does. */
const camelCased: RefreshFunction = async ({ refreshToken }, { client }) =>
  (await client.post('/auth/refresh', JSON.stringify({ refreshToken }), asJson)).data;
const asJson = { headers: { 'Content-Type': 'application/json' } };

describe.each(variants)(`axios-case-converter, ${installed}`, (variant) => {
  it('converts a body once and an answer once where the request is replayed', async () => {
    const { api, observed } = converting(variant, { source: camelCased });
    server.expire();
    const { data } = await api.post<Echo>('/echo', { videoTitle: { shortForm: 'aB' } }, { params: { pageSize: 1 } });
    expect(data.text).toBe('{"video_title":{"short_form":"aB"}}');
    expect(data.query).toEqual({ pageSize: '1' });
    expect(observed.requests).toBe(1);
  });

  it('converts what goes through ctx.client as well: a token endpoint that wants camel case refuses it for good', async () => {
    const { api } = converting(variant);
    server.expire();
    expect((await failureOf(api.get('/videos'))).code).toBe('ERR_BEARER_REJECTED');
  });

  it('leaves the source of api.video alone', async () => {
    const { api } = converting(variant, { source: apiVideo({ baseURL: server.url }) });
    server.expire();
    expect((await api.get('/videos')).status).toBe(200);
  });

  it('leaves a body of JSON text alone, so a refresh function sends it as it is', async () => {
    const { api } = converting(variant, { source: camelCased });
    server.expire();
    expect((await api.get('/videos')).status).toBe(200);
  });

  it('keeps the challenge legible: insufficient_scope is no reason to refresh', async () => {
    const { api } = converting(variant, { source: camelCased });
    expect((await failureOf(api.get('/scope/401'))).response?.status).toBe(401);
    expect(server.stats).toMatchObject({ refresh: 0, unauthorized: 1 });
  });

  it('keeps Retry-After legible: the refresh waits as long as the server asks', async () => {
    const { api } = converting(variant, { source: camelCased });
    server.expire();
    server.fault('/auth/refresh', { status: 503, headers: { 'retry-after': '120' } });
    const { code, retryAfter } = await failureOf(api.get('/videos'));
    expect(code).toBe('ERR_BEARER_UNAVAILABLE');
    expect(retryAfter).toBeGreaterThan(100_000);
  });
});
