import { createHash } from 'node:crypto';
import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ApiVideoClient from '@api.video/nodejs-client';
import { afterEach, describe, expect, it } from '@jest/globals';
import esmAxios, { type AxiosStatic } from 'axios';
import { bearer, type InstallOptions, replayable, type Session } from 'axios-bearer';
import { type ApiVideoOptions, apiVideo } from 'axios-bearer/api-video';
import type { ApiVideo } from 'axios-bearer/testing';
import FormData from 'form-data';
import { atEnd, cleanUp, closeAtEnd, failureOf, installClock, recordEvents, startServer } from '../support/kit.js';
import { printed } from './printed.js';

const require = createRequire(import.meta.url);
const axios: AxiosStatic = createRequire(require.resolve('@api.video/nodejs-client'))('axios');
const film = fileURLToPath(import.meta.url);

afterEach(cleanUp);

interface Scene {
  server: ApiVideo;
  session: Session;
  client: ApiVideoClient;
}

type SceneOptions = InstallOptions & { source?: ApiVideoOptions; client?: { apiKey?: string; chunkSize?: number } };

async function scene({ source, client, ...options }: SceneOptions = {}): Promise<Scene> {
  const server = await startServer();
  const baseURL = server.url;
  const session = bearer(axios, { source: apiVideo({ apiKey: server.apiKey, baseURL, ...source }), ...options });
  closeAtEnd(session);
  return { server, session, client: new ApiVideoClient({ baseUri: baseURL, ...client }) };
}

function wire({ log }: ApiVideo): string[] {
  return log.map(({ method, path, status }) => `${method} ${path} ${status}`);
}

const basic = (apiKey: string) => `Basic ${Buffer.from(`${apiKey}:`).toString('base64')}`;

/** What comes to the server from now on; live. */
function authorizations({ hold }: Pick<ApiVideo, 'hold'>): unknown[] {
  const sent: unknown[] = [];
  hold(({ headers }) => {
    sent.push(headers.authorization);
    return false;
  });
  return sent;
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** What the server received for this video; the client's own model has no room for it. */
async function received(videoId: string, { url }: ApiVideo) {
  const { data } = await axios.get(`${url}/videos/${videoId}`);
  return data.source;
}

describe(`@api.video/nodejs-client on its own axios ${axios.VERSION}, in CommonJS`, () => {
  it('does what the example prints', async () => {
    const { lines, server } = await printed(() => import('../../examples/api-video-client/index.js'));
    expect(lines).toEqual([
      'created vi1, signed in with the API key',
      'an hour later: 1 refresh, then the upload',
      'token revoked: 1 refresh, 20 of 20 lists answered',
      'signed out: a delegated token uploads vi2',
    ]);
    expect(wire(server).slice(0, 4)).toEqual([
      'POST /auth/api-key 200',
      'POST /videos 201',
      'POST /auth/refresh 200',
      'POST /videos/vi1/source 201',
    ]);
    expect(server.stats).toMatchObject({ apiKey: 1, refresh: 2, reuse: 0, ok: 24 });
    expect(server.log.at(-1)).toMatchObject({ path: '/upload', status: 201, authorized: false });
  });

  it('L16 answers an upload that met a 401 with that 401, the session refreshed: called again, the file arrives whole', async () => {
    const { server, client } = await scene();
    const { videoId } = await client.videos.create({ title: 'A film' });
    server.expire();
    server.reset();
    const upload = () => client.videos.upload(videoId, film);
    await upload().catch((error) => (error.code === 401 ? upload() : Promise.reject(error)));
    expect(wire(server)).toEqual([
      `POST /videos/${videoId}/source 401`,
      'POST /auth/refresh 200',
      `POST /videos/${videoId}/source 201`,
    ]);
    expect(await received(videoId, server)).toMatchObject({ sha256: sha256(readFileSync(film)) });
  });

  it('carries an upload in parts over the end of the token', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'film-'));
    atEnd(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'film.mp4');
    const [part, rest] = [5 * 1024 * 1024, Buffer.from('the end')];
    writeFileSync(path, Buffer.concat([Buffer.alloc(part), rest]));
    const clock = installClock();
    const { server, client } = await scene({ client: { chunkSize: part } });
    const { videoId } = await client.videos.create({ title: 'A film' });
    const anHourLater = axios.interceptors.response.use(async (answer) => {
      axios.interceptors.response.eject(anHourLater);
      await clock.advance(3_600_000);
      return answer;
    });
    await client.videos.upload(videoId, path);
    expect(wire(server).slice(2)).toEqual([
      `POST /videos/${videoId}/source 201`,
      'POST /auth/refresh 200',
      `POST /videos/${videoId}/source 201`,
    ]);
    expect(await received(videoId, server)).toMatchObject({ bytes: rest.length, sha256: sha256(rest) });
  });

  it('uploads with a token that lives long enough, where an interceptor asks for it', async () => {
    const { server, session, client } = await scene({ source: { apiKey: '' } });
    const { access_token: accessToken, refresh_token: refreshToken } = server.issue();
    const minutes = (n: number) => Date.now() + n * 60_000;
    await session.signIn({ accessToken, refreshToken, issuedAt: minutes(-51), expiresAt: minutes(9) });
    const { videoId } = await client.videos.create({ title: 'A film' });
    axios.interceptors.request.use((config) => {
      if (config.url?.endsWith('/source')) config.bearer = { minValidity: 10 * 60_000 };
      return config;
    });
    atEnd(() => axios.interceptors.request.clear());
    await client.videos.upload(videoId, film);
    expect(wire(server)).toEqual(['POST /videos 201', 'POST /auth/refresh 200', `POST /videos/${videoId}/source 201`]);
  });

  it('sends Basic authorization with each request when it is left to itself', async () => {
    const { apiKey, url: baseURL, ...server } = await startServer();
    const sent = authorizations(server);
    server.fault(() => true, { json: { videoId: 'vi1' } }, { times: 2 });
    const client = new ApiVideoClient({ apiKey, baseUri: baseURL });
    const { videoId } = await client.videos.create({ title: 'A film' });
    await client.videos.upload(videoId, film);
    expect(sent).toEqual([basic(apiKey), basic(apiKey)]);
  });

  it('L15 keeps the Basic authorization that the client writes when it is given the API key', async () => {
    const { server, session, client } = await scene({ client: { apiKey: 'a key' } });
    const seen = recordEvents(session);
    const sent = authorizations(server);
    expect(await failureOf(client.videos.list())).toMatchObject({ code: 401 });
    expect(sent).toEqual([basic('a key')]);
    expect(seen).toEqual([['skipped', expect.objectContaining({ reason: 'own-authorization' })]]);
  });

  it('L8 fails with an ApiVideoError of 401 when the session is over, or of 0 when there was no answer; events say why', async () => {
    const { server, session, client } = await scene({ source: { apiKey: '' } });
    const log: string[] = [];
    await session.signIn(server.issue());
    session.on('signedOut', ({ reason }) => log.push(`signed out: ${reason}`));
    session.on('refreshFailed', ({ error }) => log.push(`${error.code}, ${error.cause?.message}`));
    server.expire();
    server.revokeRefreshTokens();
    const errors = await Promise.all([1, 2, 3].map(() => failureOf(client.videos.list())));
    expect(errors.map(({ code }) => code)).toEqual([401, 401, 401]);
    expect([server.stats.refresh, session.state.status]).toEqual([1, 'failed']);
    expect(log).toEqual(['ERR_BEARER_REJECTED, Request failed with status code 400', 'signed out: rejected']);
    await session.signIn({ ...server.issue(), expires_in: 0 });
    server.revokeRefreshTokens();
    expect(await failureOf(client.videos.list())).toMatchObject({ message: 'ApiVideoError', code: 0 });
  });

  it('L19 gives no token to others who call the same axios', async () => {
    const { client } = await scene();
    const elsewhere = await startServer();
    await client.videos.list();
    const { data } = await axios.get(`${elsewhere.url}/public`);
    expect(data).toEqual({ authorization: false });
  });

  describe('with delegated tokens', () => {
    it('never refreshes for an upload token that has expired', async () => {
      const clock = installClock();
      const { server, client } = await scene();
      const { token = '' } = await client.uploadTokens.createToken({ ttl: 60 });
      await clock.advance(61_000);
      server.reset();
      expect(await failureOf(client.videos.uploadWithUploadToken(token, film))).toMatchObject({ code: 401 });
      expect(wire(server)).toEqual(['POST /upload 401']);
    });

    it('takes the token that the client puts in the URL for what it is: no second one, no Bearer, no refresh', async () => {
      const { server, session, client } = await scene({ source: { delegatedToken: 'another' } });
      const { token = '' } = await client.uploadTokens.createToken({ ttl: 60 });
      const seen = recordEvents(session);
      const queries: unknown[] = [];
      server.hold(({ query }) => {
        queries.push(query);
        return false;
      });
      await client.videos.uploadWithUploadToken(token, film);
      expect(queries).toEqual([{ token }]);
      expect(server.log.at(-1)).toMatchObject({ path: '/upload', status: 201, authorized: false });
      expect(seen).toEqual([['skipped', expect.objectContaining({ reason: 'source' })]]);
    });
  });

  it('can be done without: with axios alone an upload lives through a revoked token as well', async () => {
    const { apiKey, url: baseURL, ...server } = await startServer();
    const axios = esmAxios;
    const api = axios.create({ baseURL });
    const session = bearer(api, { source: apiVideo({ apiKey, baseURL }) });

    const { data: video } = await api.post('/videos', { title: 'A film' });
    const file = replayable(() => {
      const form = new FormData(); // npm's form-data
      form.append('file', createReadStream(film));
      return form;
    });
    server.expire();
    const { data } = await api.post(`/videos/${video.videoId}/source`, file);
    expect(data.source).toMatchObject({ sha256: sha256(readFileSync(film)) });
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 1 });
    session.close();
  });
});
