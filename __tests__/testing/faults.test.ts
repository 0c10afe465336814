import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AxiosInstance } from 'axios';
import { type ApiVideo, type Fault, startApiVideo } from 'axios-bearer/testing';
import { clientOf, codeOf } from './client.js';

let server: ApiVideo;
let api: AxiosInstance;
beforeAll(async () => {
  server = await startApiVideo();
});
beforeEach(() => {
  server.reset();
  api = clientOf(server, server.issue().access_token);
});
afterAll(() => server.close());

const text = (url: string) => api.get<string>(url, { responseType: 'text', transformResponse: [] });
const play = (fault: Fault) => {
  server.fault('/echo', fault);
  return text('/echo');
};

describe('where and how often a fault hits', () => {
  it('hits one request by default, then the server is well again', async () => {
    server.fault('/echo', { status: 503 });
    expect([(await api.get('/echo')).status, (await api.get('/echo')).status]).toEqual([503, 200]);
    expect(server.stats.faulted).toBe(1);
  });

  it('hits as often as asked, until it is removed', async () => {
    const remove = server.fault('/echo', { status: 503 }, { times: Number.POSITIVE_INFINITY });
    for (let i = 0; i < 3; i += 1) expect((await api.get('/echo')).status).toBe(503);
    remove();
    expect((await api.get('/echo')).status).toBe(200);
  });

  it('takes a path, whatever the query; the beginning of a path; or a predicate', async () => {
    server.fault('/echo/1', { status: 501 });
    server.fault('/echo/*', { status: 502 });
    server.fault(({ method, query }) => method === 'POST' && query.mark === 'yes', { status: 503 });
    expect((await api.get('/echo/1?x=1')).status).toBe(501);
    expect((await api.get('/echo/1')).status).toBe(502);
    expect((await api.get('/echo/1')).status).toBe(200);
    expect((await api.post('/echo')).status).toBe(200);
    expect((await api.post('/echo?mark=yes')).status).toBe(503);
  });

  it('plays several faults in the order they were scripted', async () => {
    server.fault('/echo', { status: 500 }, { times: 2 });
    server.fault('/echo', { status: 429 });
    const statuses = [];
    for (let i = 0; i < 4; i += 1) statuses.push((await api.get('/echo')).status);
    expect(statuses).toEqual([500, 500, 429, 200]);
  });

  it('tells the author of a predicate that throws', async () => {
    server.fault(() => {
      throw new Error('my mistake');
    }, 'empty');
    expect((await api.get('/echo')).data).toMatchObject({ status: 500, detail: 'Error: my mistake' });
  });

  it('leaves the server as it was: no refresh token is spent', async () => {
    const { refresh_token: refreshToken } = server.issue();
    const faults: Fault[] = ['reset', 'truncated-json', 'cut-body', 'html', 'empty', { status: 500 }, { json: {} }];
    for (const fault of faults) {
      server.fault('/auth/refresh', fault);
      await codeOf(api.post('/auth/refresh', { refreshToken }));
    }
    expect((await api.post('/auth/refresh', { refreshToken })).status).toBe(200);
    expect(server.stats).toMatchObject({ refresh: 8, faulted: 7, reuse: 0 });
  });
});

describe('answers that are wrong', () => {
  it('a status, with problem details or with what is given', async () => {
    expect(JSON.parse((await play({ status: 503 })).data)).toMatchObject({ status: 503 });
    const given = await play({ status: 429, headers: { 'Retry-After': '7' }, body: { error: 'slow down' } });
    expect(given).toMatchObject({ status: 429, data: '{"error":"slow down"}', headers: { 'retry-after': '7' } });
    const raw = await play({ status: 400, body: 'nope', headers: { 'Content-Type': 'text/plain' } });
    expect(raw).toMatchObject({ status: 400, data: 'nope', headers: { 'content-type': 'text/plain' } });
  });

  it.each([null, [], {}, 'text', { __proto: 1 }])('the JSON %j', async (json) => {
    const { status, data } = await play({ json });
    expect([status, data]).toEqual([200, JSON.stringify(json)]);
  });

  it('any text, declared as JSON', async () => {
    const { data, headers } = await play({ raw: '{"a":' });
    expect([data, headers['content-type']]).toEqual(['{"a":', 'application/json']);
  });

  it('half of a JSON text with a clean end', async () => {
    const { status, data } = await play('truncated-json');
    expect(status).toBe(200);
    expect(() => JSON.parse(data)).toThrow(SyntaxError);
  });

  it('a page, and nothing at all', async () => {
    expect(await play('html')).toMatchObject({ status: 200, headers: { 'content-type': 'text/html' } });
    expect(await play('empty')).toMatchObject({ status: 204, data: '' });
  });

  it('a redirect, 302 or another', async () => {
    const redirect = 'http://127.0.0.1:1/';
    expect(await play({ redirect })).toMatchObject({ status: 302, headers: { location: redirect } });
    expect((await play({ redirect, status: 307 })).status).toBe(307);
  });
});
