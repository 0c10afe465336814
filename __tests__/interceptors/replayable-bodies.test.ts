import { PassThrough, Readable } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import axios from 'axios';
import { replayable } from 'axios-bearer';
import type { Echo } from 'axios-bearer/testing';
import {
  adapters,
  cleanUp,
  deferred,
  failureOf,
  onAdapters,
  startHttpServer,
  startRecordedClient,
} from '../support/kit.js';

const textOf = async (stream: Readable) => (await stream.toArray()).join('');

/** A body of a stream with this text, and all streams that were made of it. */
function streaming(text: string, wrap: (stream: Readable) => unknown = (stream) => stream) {
  const made: Readable[] = [];
  const body = replayable(() => {
    const stream = Readable.from([Buffer.from(text)]);
    made.push(stream);
    return wrap(stream);
  });
  return { made, body };
}

/** A stream that never ends by itself. */
function endless() {
  const made: PassThrough[] = [];
  const body = replayable(() => {
    const stream = new PassThrough();
    stream.write('the first of many');
    made.push(stream);
    return stream;
  });
  return { made, body };
}

const closed = (stream: Readable) =>
  new Promise<void>((resolve) => (stream.closed ? resolve() : stream.once('close', () => resolve())));

afterEach(cleanUp);

describe.each(adapters)(`L16 a replayable() body (${onAdapters}), over %s`, (adapter) => {
  const defaults = { adapter };

  it.each<[string, (n: number) => unknown, string]>([
    ['a text', (n) => `text ${n}`, 'text'],
    ['an object', (n) => ({ n }), 'json'],
    ['bytes', (n) => Buffer.from(`bytes ${n}`), 'bytes'],
    ['URLSearchParams', (n) => new URLSearchParams({ n: String(n) }), 'form'],
    ['a promise of a text', async (n) => `text ${n}`, 'text'],
    ['a promise of an object', async (n) => ({ n }), 'json'],
    ['a promise of a stream', async (n) => Readable.from([Buffer.from(`stream ${n}`)]), 'stream'],
  ])('of %s is made once per send', async (_, make, kind) => {
    const made: number[] = [];
    const { api, server } = await startRecordedClient({ defaults });
    server.expire();
    const body = replayable(() => {
      made.push(made.length + 1);
      return make(made.length);
    });
    const { data } = await api.post<Echo>('/echo', body);
    expect(made).toEqual([1, 2]);
    const expected = { text: 'text 2', json: '{"n":2}', bytes: 'bytes 2', form: 'n=2', stream: 'stream 2' };
    expect(data.text).toBe(expected[kind as 'text']);
  });

  it.each([
    ['sent at once', 'fresh', 1],
    ['held', 'clock', 1],
    ['replayed', 'expired', 2],
  ])('that is a stream arrives whole, and each that was made is closed: %s', async (_, how, times) => {
    const made = await startRecordedClient({ defaults, ...(how === 'clock' && { tokens: 'expired' as const }) });
    if (how === 'expired') made.server.expire();
    const { made: streams, body } = streaming('all of it');
    const { data, config } = await made.api.post<Echo>('/echo', body);
    expect(data.text).toBe('all of it');
    expect(streams).toHaveLength(times);
    await Promise.all(streams.map(closed));
    expect(config.data).toBe(body);
    expect((await made.api.request<Echo>(config)).data.text).toBe('all of it');
  });

  it('is not made before there is a token to send it with', async () => {
    const { api, server } = await startRecordedClient({ defaults, tokens: 'expired' });
    const hold = server.hold('/auth/refresh');
    const { made, body } = streaming('all of it');
    const request = api.post('/echo', body);
    await hold.arrived(1);
    expect(made).toEqual([]);
    hold.release();
    await request;
    expect(made).toHaveLength(1);
  });

  it('is not made where no token can be had', async () => {
    const { api, server } = await startRecordedClient({ defaults, tokens: 'expired' });
    server.revokeRefreshTokens();
    const { made, body } = streaming('all of it');
    expect(await failureOf(api.post('/echo', body))).toMatchObject({ code: 'ERR_BEARER_REJECTED' });
    expect(made).toEqual([]);
  });

  it('that is refused while it is still being read is closed, and made anew', async () => {
    let refuses = true;
    const received: string[] = [];
    const { url } = await startHttpServer(async (req, res) => {
      if (!req.url?.startsWith('/upload')) return void res.end('{}');
      if (refuses) {
        refuses = false;
        req.once('data', () => res.writeHead(401, { Connection: 'close' }).end());
        return;
      }
      received.push(await textOf(req));
      res.end('{}');
    });
    const { api } = await startRecordedClient({
      defaults,
      origins: url,
      source: async () => ({ access_token: 'second' }),
    });
    const streams: Readable[] = [];
    const body = replayable(() => {
      const stream = streams.length ? Readable.from([Buffer.from('all of it')]) : new PassThrough();
      if (stream instanceof PassThrough) stream.write('the first of many');
      streams.push(stream);
      return stream;
    });
    expect((await api.put(`${url}/upload`, body, { maxRedirects: 0 })).status).toBe(200);
    await Promise.all(streams.map(closed));
    expect([streams.length, received]).toEqual([2, ['all of it']]);
  });

  it.each([
    ['first send', 'fresh'],
    ['replay', 'expired'],
  ])(
    'L17 an abort while it is being made for the %s: nothing is sent, and what is made then is closed',
    async (_, how) => {
      const made = await startRecordedClient({ defaults });
      if (how === 'expired') made.server.expire();
      const [asked, given, controller] = [deferred(), deferred<Readable>(), new AbortController()];
      let calls = 0;
      const body = replayable(() => {
        calls += 1;
        if (how === 'expired' && calls === 1) return 'text';
        asked.resolve();
        return given.promise;
      });
      const failing = failureOf(made.api.post('/echo', body, { signal: controller.signal }));
      await asked.promise;
      const before = made.authorizations('/echo').length;
      controller.abort();
      expect(await failing).toMatchObject({ code: 'ERR_CANCELED' });
      const late = new PassThrough();
      given.resolve(late);
      await closed(late);
      expect(made.authorizations('/echo')).toHaveLength(before);
    },
  );

  it.each([
    [
      'throws',
      () => {
        throw new Error('no such file');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no such file'))],
  ])('whose function %s: nothing is sent, and the caller gets what it threw', async (_, make) => {
    const { api, sends } = await startRecordedClient({ defaults });
    expect((await failureOf(api.post('/echo', replayable(make)))).message).toBe('no such file');
    expect(sends).toEqual([]);
  });

  it('is closed where a transform throws on it', async () => {
    const { api } = await startRecordedClient({ defaults });
    const { made, body } = endless();
    const transformRequest = (data: unknown) => {
      if (data instanceof PassThrough) throw new Error('No streams');
      return data;
    };
    expect((await failureOf(api.post('/echo', body, { transformRequest }))).message).toBe('No streams');
    await Promise.all(made.map(closed));
    expect(made).toHaveLength(1);
  });

  it.each([
    ['nothing listens', 'refused'],
    ['the connection is reset', 'reset'],
  ])('is closed where %s', async (_, how) => {
    const { url } = await startHttpServer((req) => void req.socket.resetAndDestroy());
    const { api } = await startRecordedClient({ defaults, origins: '*' });
    const { made, body } = endless();
    await failureOf(api.post(how === 'reset' ? `${url}/` : 'http://127.0.0.1:1/', body));
    await Promise.all(made.map(closed));
    expect(made).toHaveLength(1);
  });

  it('L17 is closed where the request is aborted on the wire', async () => {
    const reached = deferred();
    const { url } = await startHttpServer(() => reached.resolve());
    const { api } = await startRecordedClient({ defaults, origins: url });
    const { made, body } = endless();
    const controller = new AbortController();
    const failing = failureOf(api.post(`${url}/`, body, { signal: controller.signal }));
    await reached.promise;
    controller.abort();
    expect(await failing).toMatchObject({ code: 'ERR_CANCELED' });
    await Promise.all(made.map(closed));
  });

  it.each([
    ['is left alone', { bearer: false as const }, {}],
    ['is sent while nobody is signed in', {}, { tokens: 'none' as const }],
    ['is skipped', {}, { skip: () => true }],
  ])('is made for a request that %s, and its config can be sent again', async (_, config, options) => {
    const { api } = await startRecordedClient({ defaults, ...options });
    const received: string[] = [];
    const { url } = await startHttpServer(async (req, res) => {
      received.push(await textOf(req));
      res.end('{}');
    });
    const { made, body } = streaming('all of it');
    const answer = await api.post(`${url}/`, body, config);
    await api.request(answer.config);
    expect([received, made.length]).toEqual([['all of it', 'all of it'], 2]);
  });

  it('is closed where it is left alone and nobody listens', async () => {
    const { api } = await startRecordedClient({ defaults });
    const { made, body } = endless();
    await failureOf(api.post('http://127.0.0.1:1/', body, { bearer: false }));
    await Promise.all(made.map(closed));
    expect(made).toHaveLength(1);
  });

  it('after close(), on what is bare axios then: a text arrives', async () => {
    const { api, session } = await startRecordedClient({ defaults });
    await session.close();
    const received: [string, string | undefined][] = [];
    const { url } = await startHttpServer(async (req, res) => {
      received.push([await textOf(req), req.headers['content-type']]);
      res.end('{}');
    });
    await api.post(
      `${url}/`,
      replayable(() => 'a=b'),
    );
    await axios.post(`${url}/`, new URLSearchParams({ a: 'b' }), { adapter });
    expect(received[0]?.[0]).toBe('a=b');
    expect(received[0]?.[1]).toMatch(/^application\/x-www-form-urlencoded/);
  });

  it.each<[string, () => unknown]>([
    ['an object', () => ({ a: 1 })],
    ['a promise', async () => 'text'],
    ['a stream', () => Readable.from(['text'])],
  ])(
    'after close(), on what is bare axios then: %s is refused with ERR_BEARER_BODY, and nothing is sent',
    async (_, make) => {
      const { api, session, sends } = await startRecordedClient({ defaults });
      await session.close();
      expect(await failureOf(api.post('/echo', replayable(make)))).toMatchObject({ code: 'ERR_BEARER_BODY' });
      expect(sends).toEqual([]);
    },
  );
});

it.each(['with beforeSend', 'without'])('L16 a body is closed where axios has no such adapter: %s', async (how) => {
  const { made, body } = endless();
  const { api } = await startRecordedClient(how === 'without' ? {} : { beforeSend: () => {} });
  await failureOf(api.post('/videos', body, { adapter: 'nonsense' }));
  await closed(made[0] as PassThrough);
});
