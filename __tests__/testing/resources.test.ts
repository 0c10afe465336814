import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type ApiVideo, type Echo, startApiVideo } from 'axios-bearer/testing';
import { clientOf } from './client.js';

let server: ApiVideo;
beforeAll(async () => {
  server = await startApiVideo();
});
beforeEach(() => server.reset());
afterAll(() => server.close());

const asUser = () => clientOf(server, server.issue().access_token);

describe('a resource', () => {
  it('challenges a request without a token by the scheme alone', async () => {
    const { status, headers, data } = await clientOf(server).get('/videos');
    expect(status).toBe(401);
    expect(headers['www-authenticate']).toBe('Bearer');
    expect(headers['content-type']).toBe('application/problem+json');
    expect(data).toMatchObject({ title: 'Unauthorized', status: 401 });
  });

  it.each(['Basic dXNlcjpwYXNz', 'Bearer', 'Bearer '])('takes %j for no token', async (authorization) => {
    const { headers } = await clientOf(server).get('/videos', { headers: { authorization } });
    expect(headers['www-authenticate']).toBe('Bearer');
  });

  it('says what is wrong with a token that does not do', async () => {
    const unknown = await clientOf(server, 'at_unknown').get('/videos');
    expect(unknown.headers['www-authenticate']).toMatch(
      /^Bearer error="invalid_token", error_description=".*unknown"$/,
    );
    const api = asUser();
    server.expire();
    const expired = await api.get('/videos');
    expect(expired.headers['www-authenticate']).toMatch(
      /^Bearer error="invalid_token", error_description=".*expired"$/,
    );
  });

  it('takes the scheme in any case', async () => {
    const authorization = `bearer ${server.issue().access_token}`;
    expect((await clientOf(server).get('/videos', { headers: { authorization } })).status).toBe(200);
  });

  it('is 404 where there is none', async () => {
    expect((await asUser().get('/nowhere')).status).toBe(404);
    expect((await asUser().delete('/videos')).status).toBe(404);
  });
});

describe('/echo', () => {
  it('answers the request as it arrived, without its authorization', async () => {
    const body = JSON.stringify({ hello: 'wörld' });
    const headers = { 'Content-Type': 'application/json', 'X-Mark': 'yes' };
    const { data } = await asUser().put<Echo>('/echo/17?a=1&b=x+y&b=z', body, { headers });
    expect(data).toMatchObject({ method: 'PUT', path: '/echo/17', query: { a: '1', b: ['x y', 'z'] }, text: body });
    expect(data.length).toBe(Buffer.byteLength(body));
    expect(data.sha256).toBe(createHash('sha256').update(body).digest('hex'));
    expect(data.headers['x-mark']).toBe('yes');
    expect(data.headers).not.toHaveProperty('authorization');
  });

  it('takes every method, and shows 10 kB of a long body', async () => {
    const api = asUser();
    for (const method of ['GET', 'POST', 'PATCH', 'DELETE', 'OPTIONS']) {
      expect((await api.request<Echo>({ method, url: '/echo' })).data).toMatchObject({ method, length: 0, text: '' });
    }
    expect((await api.head('/echo')).status).toBe(200);
    const { data } = await api.post<Echo>('/echo', 'x'.repeat(1_000_000), {
      headers: { 'Content-Type': 'text/plain' },
    });
    expect([data.length, data.text.length]).toEqual([1_000_000, 10_000]);
  });

  it('is not confused by a parameter called __proto__', async () => {
    const { data } = await asUser().get<string>('/echo?__proto__=1', { responseType: 'text', transformResponse: [] });
    expect(data).toContain('"query":{"__proto__":"1"}');
  });
});

describe('the other resources for tests', () => {
  it('/public tells whether an Authorization header came, and needs none', async () => {
    expect((await clientOf(server).get('/public')).data).toEqual({ authorization: false });
    expect((await asUser().get('/public/any')).data).toEqual({ authorization: true });
  });

  it('/always-401 refuses live tokens as well', async () => {
    const { status, headers } = await asUser().get('/always-401');
    expect(status).toBe(401);
    expect(headers['www-authenticate']).toContain('error="invalid_token"');
    expect(server.log[0]).toMatchObject({ status: 401, authorized: true });
  });

  it('/scope wants a scope nobody has, as 403 or as 401', async () => {
    const answers = [await asUser().get('/scope'), await asUser().get('/scope/401')];
    expect(answers.map(({ status }) => status)).toEqual([403, 401]);
    for (const { headers } of answers) expect(headers['www-authenticate']).toContain('error="insufficient_scope"');
    expect((await clientOf(server).get('/scope')).headers['www-authenticate']).toBe('Bearer');
  });

  it('/stream sends some kB in chunks, without a length', async () => {
    const { data, headers } = await asUser().get<string>('/stream');
    expect(headers['transfer-encoding']).toBe('chunked');
    expect(data).toHaveLength(4096);
  });
});

describe('cookie mode', () => {
  const cookieOf = (answer: { headers: object }) => {
    const [line] = (answer.headers as { 'set-cookie': string[] })['set-cookie'];
    expect(line).toContain('HttpOnly');
    return { headers: { Cookie: `theme=dark; ${line?.split(';')[0]}` } };
  };

  it('lets in with the session cookie, and with nothing else', async () => {
    const api = clientOf(server);
    const cookie = cookieOf(await api.post('/cookie/login'));
    expect((await api.get('/cookie/me', cookie)).status).toBe(200);
    expect((await api.get('/cookie/me')).status).toBe(401);
    expect((await asUser().get('/cookie/me')).status).toBe(401);
    expect(server.log.slice(1).map(({ authorized }) => authorized)).toEqual([true, false, true]);
  });

  it('renews an expired cookie once', async () => {
    const api = clientOf(server);
    const first = cookieOf(await api.post('/cookie/login'));
    server.expire();
    expect((await api.get('/cookie/me', first)).status).toBe(401);
    const second = cookieOf(await api.post('/cookie/refresh', null, first));
    expect((await api.get('/cookie/me', second)).status).toBe(200);
    expect((await api.post('/cookie/refresh', null, first)).status).toBe(400);
    expect(server.stats).toMatchObject({ refresh: 2, ok: 1, unauthorized: 1 });
  });

  it('renews nothing after revokeRefreshTokens()', async () => {
    const api = clientOf(server);
    const cookie = cookieOf(await api.post('/cookie/login'));
    server.revokeRefreshTokens();
    expect((await api.post('/cookie/refresh', null, cookie)).status).toBe(400);
    expect((await api.get('/cookie/me', cookie)).status).toBe(200);
  });
});
