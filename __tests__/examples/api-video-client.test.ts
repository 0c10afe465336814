import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ApiVideoClient from '@api.video/nodejs-client';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { AxiosStatic } from 'axios';
import { bearer, type InstallOptions, type Session } from 'axios-bearer';
import { type ApiVideoOptions, apiVideo } from 'axios-bearer/api-video';
import type { ApiVideo } from 'axios-bearer/testing';
import { atEnd, clockInHand, closeAll, failureOf, keep, record, serve } from '../support/sessions.js';
import { printed } from './printed.js';

const require = createRequire(import.meta.url);
const axios: AxiosStatic = createRequire(require.resolve('@api.video/nodejs-client'))('axios');
const film = fileURLToPath(import.meta.url);

afterEach(closeAll);

interface Scene {
  server: ApiVideo;
  session: Session;
  client: ApiVideoClient;
}

type SceneOptions = InstallOptions & { source?: ApiVideoOptions; client?: { apiKey?: string; chunkSize?: number } };

async function scene({ source, client, ...options }: SceneOptions = {}): Promise<Scene> {
  const server = await serve();
  const baseURL = server.url;
  const session = bearer(axios, { source: apiVideo({ apiKey: server.apiKey, baseURL, ...source }), ...options });
  keep(session);
  return { server, session, client: new ApiVideoClient({ baseUri: baseURL, ...client }) };
}

function wire({ log }: ApiVideo): string[] {
  return log.map(({ method, path, status }) => `${method} ${path} ${status}`);
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
    const refused = await failureOf(client.videos.upload(videoId, film));
    expect([refused.constructor.name, refused.code]).toEqual(['ApiVideoError', 401]);
    await client.videos.upload(videoId, film);
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
    const clock = clockInHand();
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

  it('L15 keeps the Basic authorization that the client writes when it is given the API key', async () => {
    const { server, session, client } = await scene({ client: { apiKey: 'a key' } });
    const seen = record(session);
    const sent: unknown[] = [];
    server.hold(({ headers }) => {
      sent.push(headers.authorization);
      return false;
    });
    expect(await failureOf(client.videos.list())).toMatchObject({ code: 401 });
    expect(sent).toEqual([`Basic ${Buffer.from('a key:').toString('base64')}`]);
    expect(seen).toEqual([['skipped', expect.objectContaining({ reason: 'own-authorization' })]]);
  });

  it('L8 fails with an ApiVideoError of 401 when the session is over', async () => {
    const { server, session, client } = await scene({ source: { apiKey: '' } });
    await session.signIn(server.issue());
    server.expire();
    server.revokeRefreshTokens();
    const errors = await Promise.all([1, 2, 3].map(() => failureOf(client.videos.list())));
    expect(errors.map(({ code }) => code)).toEqual([401, 401, 401]);
    expect([server.stats.refresh, session.state.status]).toEqual([1, 'failed']);
  });

  it('L19 gives no token to others who call the same axios', async () => {
    const { client } = await scene();
    const elsewhere = await serve();
    await client.videos.list();
    const { data } = await axios.get(`${elsewhere.url}/public`);
    expect(data).toEqual({ authorization: false });
  });

  describe('with delegated tokens', () => {
    it('never refreshes for an upload token that has expired, where `skip` names such uploads', async () => {
      const clock = clockInHand();
      const { server, client } = await scene({ skip: ({ url }) => /\/upload\?token=/.test(url ?? '') });
      const { token = '' } = await client.uploadTokens.createToken({ ttl: 60 });
      await clock.advance(61_000);
      server.reset();
      expect(await failureOf(client.videos.uploadWithUploadToken(token, film))).toMatchObject({ code: 401 });
      expect(wire(server)).toEqual(['POST /upload 401']);
    });

    it('takes the token that the client puts in the URL for what it is: no second one, no Bearer, no refresh', async () => {
      const { server, session, client } = await scene({ source: { delegatedToken: 'another' } });
      const { token = '' } = await client.uploadTokens.createToken({ ttl: 60 });
      const seen = record(session);
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
});
