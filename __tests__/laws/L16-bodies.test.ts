import { createHash } from 'node:crypto';
import { Agent } from 'node:http';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import axios, { type AxiosInstance, type AxiosRequestConfig, type AxiosResponse } from 'axios';
import { replayable } from 'axios-bearer';
import type { ApiRequest, Echo } from 'axios-bearer/testing';
import NpmFormData from 'form-data';
import {
  adapters,
  cleanUp,
  failureOf,
  nextEvent,
  onAdapters,
  outcomeOf,
  type RecordedClient,
  startHttpServer,
  startRecordedClient,
} from '../support/kit.js';

afterEach(cleanUp);

const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** 100 kB that repeat nowhere near. */
const BYTES = Buffer.from(Array.from({ length: 100_000 }, (_, n) => (n * 31 + (n >> 8) * 17) & 255));

type Send = (api: AxiosInstance, config?: AxiosRequestConfig) => Promise<AxiosResponse<Echo>>;

/** The body with its random boundary made plain, so that two can be compared. */
function plain({ headers, body }: ApiRequest) {
  const type = headers['content-type'] ?? '';
  const text = body.toString('latin1');
  // Of the body, which the type must match; of the type where axios alone sends no form (an object, over fetch).
  const boundary = (/^--(\S+)\r\n/.exec(text) ?? /boundary=(\S+)/.exec(type))?.[1];
  const shown = boundary ? text.replaceAll(boundary, 'BOUNDARY') : text;
  return {
    type: boundary ? type.replaceAll(boundary, 'BOUNDARY') : type,
    // Boundaries of one sender are of one length.
    length: headers['content-length'],
    chunked: headers['transfer-encoding'],
    bytes: body.length,
    hash: sha256(Buffer.from(shown, 'latin1')),
  };
}

function toEcho({ sends }: RecordedClient): ApiRequest[] {
  return sends.filter(({ path }) => path.startsWith('/echo'));
}

/** Sends a request that is refused once, and the same on axios alone; returns what came of each. */
async function refusedOnce(send: Send, config: AxiosRequestConfig) {
  const made = await startRecordedClient({ defaults: config as never });
  const { api, server } = made;
  server.expire();
  const response = await send(api);
  const [refused, replayed, ...more] = toEcho(made);
  expect([more.length, server.stats.refresh]).toEqual([0, 1]);

  const headers = { Authorization: `Bearer ${server.issue().access_token}` };
  const bare = axios.create({ baseURL: server.url, ...config, headers } as never);
  const expected = await send(bare);
  return { response, refused: refused!, replayed: replayed!, expected, bare: toEcho(made).at(-1)!, made };
}

function formData(): FormData {
  const form = new FormData();
  form.append('name', 'Ada – Lovelace');
  form.append('file', new Blob([BYTES]), 'bytes.bin');
  return form;
}

function npmForm(): NpmFormData {
  const form = new NpmFormData();
  form.append('name', 'Ada – Lovelace');
  form.append('file', BYTES, { filename: 'bytes.bin' });
  return form;
}

function webStream(bytes: Uint8Array = BYTES): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += 16_384) controller.enqueue(bytes.subarray(at, at + 16_384));
      controller.close();
    },
  });
}

async function* generator() {
  yield BYTES.subarray(0, 50_000);
  yield BYTES.subarray(50_000);
}

/** Only with it is a POST sent more than twice (L6). */
const INVALID_TOKEN = { status: 401, headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' } };

const OCTETS = { headers: { 'Content-Type': 'application/octet-stream' } };

/** Bodies that can be sent as often as one likes. */
const lasting: Record<string, Send> = {
  'a JSON object': (api) => api.post('/echo', { a: 1, ü: ['–', null, 0.1], nested: { deep: true } }),
  'a JSON array, PUT': (api) => api.put('/echo', [1, 'two', { three: 3 }]),
  'a big JSON object': (api) => api.post('/echo', { text: 'ü'.repeat(50_000) }),
  'a string': (api) => api.post('/echo', 'plain – text'),
  'a string of JSON': (api) => api.post('/echo', '{"a" : 1}', { headers: { 'Content-Type': 'application/json' } }),
  'a string to be JSON': (api) => api.post('/echo', 'word', { headers: { 'Content-Type': 'application/json' } }),
  'the number 0 as JSON': (api) => api.post('/echo', 0, { headers: { 'Content-Type': 'application/json' } }),
  'false as JSON': (api) => api.post('/echo', false, { headers: { 'Content-Type': 'application/json' } }),
  'the empty string': (api) => api.post('/echo', ''),
  'null, PATCH': (api) => api.patch('/echo', null),
  'no body': (api) => api.post('/echo'),
  'no body, GET': (api) => api.get('/echo'),
  'a body in DELETE': (api) => api.delete('/echo', { data: { id: 1 } }),
  'a Buffer': (api) => api.post('/echo', BYTES, OCTETS),
  'a Uint8Array that is part of a buffer': (api) => api.post('/echo', BYTES.subarray(1000, 3000), OCTETS),
  'an ArrayBuffer': (api) => api.post('/echo', new Uint8Array(BYTES).buffer, OCTETS),
  URLSearchParams: (api) => api.post('/echo', new URLSearchParams({ name: 'Ada – Lovelace', of: 'a&b=c' })),
  'a URL-encoded object': (api) =>
    api.post('/echo', { a: [1, 2], b: 'ü' }, { headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }),
  'native FormData with a file': (api) => api.post('/echo', formData()),
  'postForm of an object': (api) => api.postForm('/echo', { name: 'Ada', list: [1, 2], nested: { deep: 'ü' } }),
  'postForm of an object with a Buffer': (api) => api.postForm('/echo', { name: 'Ada', file: BYTES }),
  'postForm of native FormData': (api) => api.postForm('/echo', formData()),
};
// A Blob alone: axios 1.6 takes none over http.
if (!axios.VERSION.startsWith('1.6.')) lasting['a Blob'] = (api) => api.post('/echo', new Blob([BYTES]), OCTETS);

/** Bodies that are gone once sent. */
const oneShot: Record<string, { make: () => unknown; adapters: string[] }> = {
  'a Readable': { make: () => Readable.from([BYTES.subarray(0, 50_000), BYTES.subarray(50_000)]), adapters: ['http'] },
  'a Readable of a generator': { make: () => Readable.from(generator()), adapters: ['http'] },
  'an npm form-data': { make: npmForm, adapters: ['http'] },
  'a web ReadableStream': { make: () => webStream(), adapters: ['fetch'] },
};

describe(`L16 bodies (${onAdapters})`, () => {
  for (const adapter of adapters) {
    for (const [name, send] of Object.entries(lasting)) {
      it(`L16 replays byte for byte, as axios alone sends it: ${name} (${adapter})`, async () => {
        const { response, refused, replayed, expected, bare } = await refusedOnce(send, { adapter });
        expect(plain(replayed)).toEqual(plain(bare));
        expect(plain(replayed)).toEqual(plain(refused));
        expect(response.data.length).toBe(expected.data.length);
        if (replayed.headers['content-length']) {
          expect(Number(replayed.headers['content-length'])).toBe(replayed.body.length);
        }
      });
    }

    it(`L16 replays a form that the server can read: fields and files are the same (${adapter})`, async () => {
      for (const send of [lasting['native FormData with a file']!, lasting['postForm of native FormData']!]) {
        const { refused, replayed, bare } = await refusedOnce(send, { adapter });
        for (const { headers, body } of [refused, replayed]) {
          // Not even axios alone tells the server what it is.
          if (!bare.headers['content-type']?.includes('boundary=')) continue;
          const type = headers['content-type']!;
          const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
          expect(form.get('name')).toBe('Ada – Lovelace');
          expect(sha256(new Uint8Array(await (form.get('file') as File).arrayBuffer()))).toBe(sha256(BYTES));
        }
      }
    });

    for (const [name, { make, adapters: works }] of Object.entries(oneShot)) {
      if (!works.includes(adapter)) continue;
      const config = name.includes('form') ? {} : OCTETS;

      it(`L16 refuses to replay ${name}: ERR_BEARER_BODY with the 401, and the session is refreshed (${adapter})`, async () => {
        const made = await startRecordedClient({ defaults: { adapter } });
        const { api, server, session } = made;
        server.expire();
        const refreshed = nextEvent(session, 'refreshed');
        const error = await failureOf(api.post('/echo', make(), config));
        expect(error).toMatchObject({ code: 'ERR_BEARER_BODY', isAxiosError: true });
        expect(error.message).toMatch(/replayable/);
        expect([error.response?.status, error.config?.url]).toEqual([401, '/echo']);
        await refreshed;
        expect(toEcho(made)).toHaveLength(1);
        expect((await api.post<Echo>('/echo', make(), config)).data.length).toBeGreaterThanOrEqual(BYTES.length);
        expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 1 });
      });

      it(`L16 sends ${name} whole when the token is good, and when it was held first (${adapter})`, async () => {
        for (const tokens of [undefined, 'expired'] as const) {
          const made = await startRecordedClient({ defaults: { adapter }, tokens });
          await made.api.post('/echo', make(), config);
          const sent = toEcho(made);
          expect(sent).toHaveLength(1);
          expect(sent[0]!.body.includes(BYTES)).toBe(true);
        }
      });

      it(`L16 replays ${name} made by replayable(), once per send (${adapter})`, async () => {
        for (const late of [false, true]) {
          let count = 0;
          const body = replayable(() => {
            count += 1;
            return late ? Promise.resolve(make()) : make();
          });
          const made = await startRecordedClient({ defaults: { adapter } });
          made.server.expire();
          const response = await made.api.post<Echo>('/echo', body, config);
          expect(count).toBe(2);
          const [refused, replayed, ...more] = toEcho(made);
          expect(more).toEqual([]);
          expect(refused!.body.includes(BYTES)).toBe(true);
          expect(plain(replayed!)).toEqual(plain(refused!));
          expect(response.data.sha256).toBe(sha256(replayed!.body));
        }
      });
    }

    it(`L16 makes a replayable() body once for a request that was held (${adapter})`, async () => {
      let count = 0;
      const body = replayable(() => {
        count += 1;
        return BYTES;
      });
      const { api } = await startRecordedClient({ tokens: 'expired', defaults: { adapter } });
      expect((await api.post<Echo>('/echo', body, OCTETS)).data.sha256).toBe(sha256(BYTES));
      expect(count).toBe(1);
    });

    it(`L16 makes a replayable() body for requests that get no token too (${adapter})`, async () => {
      const own = { Authorization: 'Bearer own', ...OCTETS.headers };
      const made = await startRecordedClient({ defaults: { adapter }, skip: ({ url }) => url === '/public/skipped' });
      const { api, session } = made;
      await api.post(
        '/public/off',
        replayable(() => BYTES),
        { ...OCTETS, bearer: false },
      );
      await api.post(
        '/public/skipped',
        replayable(() => BYTES),
        OCTETS,
      );
      await api.post(
        '/public/own',
        replayable(() => BYTES),
        { headers: own },
      );
      await session.signOut();
      await api.post(
        '/public/signed-out',
        replayable(() => BYTES),
        OCTETS,
      );
      expect(made.sends.map(({ body }) => sha256(body))).toEqual(Array(4).fill(sha256(BYTES)));
    });

    it(`L16 gives a replay the length of its own body, longer or shorter than the one before (${adapter})`, async () => {
      for (const lengths of [
        [10, 1000, 3],
        [1000, 10, 2000],
      ]) {
        const made = await startRecordedClient({ defaults: { adapter } });
        made.server.fault('/echo', INVALID_TOKEN, { times: 2 });
        const rest = [...lengths];
        const body = replayable(() => 'x'.repeat(rest.shift()!));
        const { data } = await made.api.post<Echo>('/echo', body, { headers: { 'Content-Type': 'text/plain' } });
        expect(toEcho(made).map((send) => send.body.length)).toEqual(lengths);
        expect(toEcho(made).map(({ headers }) => Number(headers['content-length']))).toEqual(lengths);
        expect(data.length).toBe(lengths[2]);
      }
    });

    it(`L16 hands on the 401 of a replay: false request with a one-shot body, refreshed all the same (${adapter})`, async () => {
      const { make } = oneShot[adapter === 'http' ? 'a Readable' : 'a web ReadableStream']!;
      const made = await startRecordedClient({ defaults: { adapter } });
      const refreshed = nextEvent(made.session, 'refreshed');
      made.server.expire();
      const error = await failureOf(made.api.post('/echo', make(), { ...OCTETS, bearer: { replay: false } }));
      expect([error.code, error.response?.status]).toEqual(['ERR_BAD_REQUEST', 401]);
      await refreshed;
      expect(toEcho(made)).toHaveLength(1);
    });

    it(`L16 reads a streamed 401 that is handed on (${adapter})`, async () => {
      const { api } = await startRecordedClient({ defaults: { adapter } });
      for (const config of [{}, { bearer: false as const }]) {
        const error = await failureOf(api.get('/always-401', { responseType: 'stream', ...config }));
        let text = '';
        for await (const chunk of error.response!.data as AsyncIterable<Uint8Array>) text += Buffer.from(chunk);
        expect(JSON.parse(text)).toMatchObject({ status: 401 });
      }
    });
  }

  it('L16 frees the socket of a refused stream: one socket is enough for 401, refresh and replay', async () => {
    const httpAgent = new Agent({ keepAlive: true, maxSockets: 1 });
    const { api, server } = await startRecordedClient({ defaults: { httpAgent } });
    for (let round = 1; round <= 2; round += 1) {
      server.expire();
      const ends = await Promise.all(
        [1, 2, 3].map(async () => {
          const { data } = await api.get('/stream', { responseType: 'stream' });
          let length = 0;
          for await (const chunk of data) length += chunk.length;
          return length;
        }),
      );
      expect(ends).toEqual([4096, 4096, 4096]);
      expect(server.stats.refresh).toBe(round);
    }
    httpAgent.destroy();
  });

  it('L16 frees the socket of a refused stream also when its one-shot body can’t be replayed', async () => {
    const httpAgent = new Agent({ keepAlive: true, maxSockets: 1 });
    const { api, server } = await startRecordedClient({ defaults: { httpAgent } });
    server.expire();
    const body = Readable.from([BYTES]);
    const error = await failureOf(api.post('/echo', body, { ...OCTETS, responseType: 'stream' }));
    expect(error.code).toBe('ERR_BEARER_BODY');
    (error.response!.data as Readable).destroy();
    expect(await outcomeOf(api.get('/echo'))).toBe(200);
    httpAgent.destroy();
  });

  it('L16 closes a stream that replayable() made for a send that was refused before all of it had gone', async () => {
    const { url } = await startHttpServer((req, res) => {
      if (req.headers.authorization === 'Bearer first') res.writeHead(401).end('{}');
      else req.resume().on('end', () => res.writeHead(200).end('{}'));
    });
    const tokens = { access_token: 'first', refresh_token: 'r', expires_in: 3600 };
    const { api } = await startRecordedClient({
      origins: url,
      defaults: { baseURL: url },
      tokens,
      source: async () => 'second',
    });
    const made: Readable[] = [];
    const body = replayable(() => {
      const stream = made.length === 0 ? new Readable({ read: () => {} }) : Readable.from([BYTES]);
      if (made.push(stream) === 1) stream.push(BYTES);
      return stream;
    });
    expect((await api.post('/x', body, OCTETS)).status).toBe(200);
    expect(made.map(({ destroyed }) => destroyed)).toEqual([true, true]);
  });

  it('L16 has ERR_BEARER_BODY told when the new token is there: with the body made anew, the call succeeds at once', async () => {
    const { api, server } = await startRecordedClient();
    server.expire();
    const upload = () => api.post('/echo', Readable.from([BYTES]), OCTETS);
    expect((await failureOf(upload())).code).toBe('ERR_BEARER_BODY');
    expect(await outcomeOf(upload())).toBe(200);
    expect(server.stats.refresh).toBe(1);
  });

  it('L16 lets a one-shot body wait for a refresh under way: its token may be refused, and it has one chance', async () => {
    const { api, server, session } = await startRecordedClient();
    server.expire();
    const hold = server.hold('/auth/refresh');
    // For one that a 401 has begun every request would wait (L2).
    const refreshed = session.refresh();
    await hold.arrived(1);
    const uploads = [Readable.from([BYTES]), { file: Readable.from([BYTES]) }].map((body, n) =>
      outcomeOf(n ? api.postForm('/echo/form', body) : api.post('/echo/stream', body, OCTETS)),
    );
    hold.release();
    await refreshed;
    expect(await Promise.all(uploads)).toEqual([200, 200]);
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 0 });
  });

  it('L16 sends what it sent before, even if the caller changes the object meanwhile', async () => {
    const made = await startRecordedClient();
    made.server.expire();
    const hold = made.server.hold('/auth/refresh');
    const body = { a: 1 };
    const response = made.api.post<Echo>('/echo', body);
    await hold.arrived(1);
    body.a = 2;
    hold.release();
    expect((await response).data.text).toBe('{"a":1}');
  });

  it('L16 applies transforms of one’s own once, and their headers stay', async () => {
    let count = 0;
    const made = await startRecordedClient();
    made.server.expire();
    const { data } = await made.api.post<Echo>('/echo', 'abc', {
      transformRequest: [
        (body, headers) => {
          count += 1;
          headers.set('X-Signature', `signed ${count}`);
          headers.set('Content-Type', 'text/x-own');
          return `<${body}>`;
        },
        (body) => `[${body}]`,
      ],
    });
    expect([data.text, data.headers['x-signature'], data.headers['content-type']]).toEqual([
      '[<abc>]',
      'signed 1',
      'text/x-own',
    ]);
    expect(data.headers['content-length']).toBe('7');
    expect(count).toBe(1);
  });

  it('L16 applies transforms of one’s own to each body that replayable() makes, once', async () => {
    const made = await startRecordedClient();
    made.server.expire();
    const { data } = await made.api.post<Echo>(
      '/echo',
      replayable(() => ({ a: 1 })),
      { transformRequest: [(body) => ({ wrapped: body }), ...[axios.defaults.transformRequest!].flat()] },
    );
    expect(toEcho(made).map(({ body }) => body.toString())).toEqual(Array(2).fill('{"wrapped":{"a":1}}'));
    expect(data.headers['content-type']).toMatch(/^application\/json/);
  });

  it('L16 replays a transform’s own stream from what it was made of', async () => {
    const made = await startRecordedClient();
    made.server.expire();
    const { data } = await made.api.post<Echo>('/echo', 'abc', {
      ...OCTETS,
      transformRequest: (body: string) => Readable.from([Buffer.from(`<${body}>`)]),
    });
    expect(data.text).toBe('<abc>');
    expect(toEcho(made).map(({ body }) => body.toString())).toEqual(['<abc>', '<abc>']);
  });

  it('L16 finds a one-shot part inside an object: a postForm of a stream is refused, not sent empty', async () => {
    const made = await startRecordedClient();
    made.server.expire();
    const error = await failureOf(made.api.postForm('/echo', { name: 'Ada', file: Readable.from([BYTES]) }));
    expect([error.code, error.response?.status]).toEqual(['ERR_BEARER_BODY', 401]);
    expect(toEcho(made)).toHaveLength(1);
  });

  it('L16 sees a one-shot body that another interceptor has put there', async () => {
    const made = await startRecordedClient();
    made.api.interceptors.request.use((config) => {
      config.data = Readable.from([BYTES]);
      return config;
    });
    made.server.expire();
    expect((await failureOf(made.api.post('/echo', 'x', OCTETS))).code).toBe('ERR_BEARER_BODY');
    expect(toEcho(made)).toHaveLength(1);
  });

  for (const how of ['throws', 'rejects'] as const) {
    it(`L16 rejects with the caller’s own error when make() ${how}, at the first send or the replay, and blocks nobody`, async () => {
      for (const failAt of [1, 2]) {
        const made = await startRecordedClient({ replayConcurrency: 1, tokens: failAt === 1 ? 'expired' : undefined });
        const { api, server } = made;
        server.expire();
        let count = 0;
        const body = replayable(() => {
          count += 1;
          if (count < failAt) return BYTES;
          if (how === 'throws') throw new Error('no such file');
          return Promise.reject(new Error('no such file'));
        });
        expect((await failureOf(api.post('/echo', body, OCTETS))).message).toMatch(/no such file/);
        expect(toEcho(made)).toHaveLength(failAt - 1);
        server.expire();
        expect(await outcomeOf(api.get('/echo'))).toBe(200);
      }
    });
  }

  for (const at of [1, 2]) {
    const when = at === 1 ? 'for the first send' : 'for the replay';
    it(`L16 lets the caller give up while make() is pending ${when}, at once and without residue`, async () => {
      const made = await startRecordedClient({ replayConcurrency: 1 });
      const { api, server } = made;
      server.expire();
      let count = 0;
      let asked = () => {};
      const pending = new Promise<void>((resolve) => {
        asked = resolve;
      });
      let finish: (bytes: Uint8Array) => void = () => {};
      const body = replayable(() => {
        count += 1;
        if (count < at) return BYTES;
        asked();
        return new Promise((resolve) => {
          finish = resolve;
        });
      });
      const abort = new AbortController();
      const error = failureOf(api.post('/echo', body, { ...OCTETS, signal: abort.signal }));
      await pending;
      abort.abort();
      expect((await error).code).toBe('ERR_CANCELED');
      finish(BYTES);
      expect(toEcho(made)).toHaveLength(at - 1);
      server.expire();
      expect(await outcomeOf(api.get('/echo'))).toBe(200);
    });
  }

  it('L16 leaves what a form was made from on the config of a network error: it is sent whole when it is sent again', async () => {
    const made = await startRecordedClient();
    made.server.fault('/echo', 'reset');
    const { config } = await failureOf(made.api.postForm('/echo', { name: 'Ada' }));
    expect(config?.data).toEqual({ name: 'Ada' });
    await made.api.request(config as never);
    expect(toEcho(made).at(-1)?.body.toString()).toContain('Ada');
  });

  it('L16 replays a second time as whole as the first', async () => {
    const made = await startRecordedClient();
    made.server.fault('/echo', INVALID_TOKEN, { times: 2 });
    const { data } = await made.api.post<Echo>('/echo', BYTES, OCTETS);
    expect(data.sha256).toBe(sha256(BYTES));
    expect(toEcho(made).map(({ body }) => sha256(body))).toEqual(Array(3).fill(sha256(BYTES)));
  });

  it('L16 keeps the Content-Length that a caller has declared for a stream', async () => {
    const made = await startRecordedClient();
    made.server.expire();
    const headers = { ...OCTETS.headers, 'Content-Length': String(BYTES.length) };
    const { data } = await made.api.post<Echo>(
      '/echo',
      replayable(() => Readable.from([BYTES])),
      { headers },
    );
    expect(data.sha256).toBe(sha256(BYTES));
    expect(toEcho(made).map(({ headers }) => headers['content-length'])).toEqual(Array(2).fill(String(BYTES.length)));
  });

  it('L16 replays whole after a 401 that came before the body had gone', async () => {
    const big = Buffer.concat(Array(30).fill(BYTES));
    const got: string[] = [];
    const { url } = await startHttpServer((req, res) => {
      const hash = createHash('sha256');
      req.on('data', (chunk) => hash.update(chunk));
      req.on('end', () => got.push(hash.digest('hex')));
      if (req.headers.authorization === 'Bearer first') res.writeHead(401).end('{}');
      else req.on('end', () => res.writeHead(200).end('{}'));
    });
    const tokens = { access_token: 'first', refresh_token: 'r', expires_in: 3600 };
    for (const body of [big, replayable(() => Readable.from([big]))]) {
      const { api } = await startRecordedClient({
        origins: url,
        defaults: { baseURL: url },
        tokens,
        source: async () => 'second',
      });
      expect((await api.post('/x', body, OCTETS)).status).toBe(200);
      expect(got.at(-1)).toBe(sha256(big));
    }
  });

  it('L16 leaves in response.config what axios alone leaves there', async () => {
    for (const name of ['a JSON object', 'a string', 'URLSearchParams', 'a Buffer', 'no body']) {
      const { response, expected } = await refusedOnce(lasting[name]!, {});
      expect(response.config.data).toEqual(expected.config.data);
    }
  });

  it('L16 replays a body behind a redirect at home', async () => {
    const made = await startRecordedClient();
    const { server, api } = made;
    server.expire();
    server.fault('/echo/a', { status: 401 });
    server.fault('/echo/a', { redirect: `${server.url}/echo/b`, status: 307 });
    const { data } = await api.post<Echo>('/echo/a', BYTES, OCTETS);
    expect([data.path, data.sha256]).toEqual(['/echo/b', sha256(BYTES)]);
  });
});
