import { Readable } from 'node:stream';
import { describe, expect, it, jest } from '@jest/globals';
import { AxiosHeaders } from 'axios';
import {
  assertSendable,
  discard,
  hasOneChance,
  isOneShot,
  prepareBody,
  remakeBody,
  restoreBody,
} from '../../lib/interceptors/body.js';
import type { Config } from '../../lib/interceptors/config.js';
import { ABSENT, type Exchange } from '../../lib/interceptors/exchange.js';
import { replayable } from '../../lib/interceptors/replayable.js';
import { deferred, settle } from '../support/kit.js';

const stream = () => Readable.from(['a']);
const ring = () => {
  const self: unknown[] = [];
  self.push({ self });
  return self;
};
class Form {
  readonly inner = stream();
}
const bare = (value: unknown) => Object.assign(Object.create(null), { value });

describe('a body that can be sent only once', () => {
  it.each<[string, () => unknown]>([
    ['a stream of node’s', stream],
    ['a stream of the web’s', () => new ReadableStream()],
    ['a generator', function* () {}],
    ['an object that holds one', () => ({ a: 1, file: stream() })],
    ['an array that holds one', () => [1, [stream()]]],
    ['an object without a prototype that holds one', () => bare(stream())],
    ['a ring with one in it', () => [...ring(), stream()]],
  ])('is %s', (_, make) => {
    const value = make();
    expect(isOneShot(typeof value === 'function' ? value() : value)).toBe(true);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['text', 'pipe'],
    ['a number', 7],
    ['a function', () => {}],
    ['an object', { a: { b: [1, null, undefined] }, pipe: true, getReader: 'a', next: {} }],
    ['one without a prototype', bare(1)],
    ['a ring', ring()],
    ['a buffer', Buffer.from('a')],
    ['a form', new FormData()],
    ['a body that is made anew', replayable(stream)],
    ['an object of a class: axios may make text of it', new Form()],
  ])('is not %s', (_, value) => {
    expect(isOneShot(value)).toBe(false);
  });
});

/** A request with the body `data`, and what is on its config now. */
function exchangeOf(data: unknown, now: unknown = data, more: Partial<Exchange> = {}, config: object = {}) {
  const headers = new AxiosHeaders({ 'Content-Type': 'from/transforms', 'Content-Length': '7' });
  return {
    config: { method: 'post', data: now, headers, ...config } as unknown as Config,
    data,
    isDeferred: true,
    contentType: undefined,
    transformRequest: ABSENT,
    since: 0,
    ...more,
  } as unknown as Exchange;
}

const plus = { transformRequest: [(data: unknown) => `${data}+`] };
const sent = ({ config: { data, headers } }: Exchange) => [
  data,
  headers.get('Content-Type'),
  headers.get('Content-Length'),
];

describe('the body of the first send', () => {
  it('is left alone where axios has transformed it', () => {
    const exchange = exchangeOf('a', 'a', { ...plus, isDeferred: false });
    expect(prepareBody(exchange)).toBeUndefined();
    expect(sent(exchange)).toEqual(['a', 'from/transforms', '7']);
  });

  it('is transformed at once, and not twice', () => {
    const exchange = exchangeOf('a', 'a', plus);
    expect([prepareBody(exchange), exchange.config.data]).toEqual([undefined, 'a+']);
    expect([prepareBody(exchange), exchange.config.data]).toEqual([undefined, 'a+']);
  });

  it('is made and then transformed where it is replayable', async () => {
    const exchange = exchangeOf(
      replayable(async () => 'made'),
      undefined,
      plus,
    );
    exchange.config.data = exchange.data;
    await prepareBody(exchange);
    expect(exchange.config.data).toBe('made+');
  });

  it('keeps headers that are the caller’s own, and no others that speak of a body', () => {
    const own = exchangeOf('a', 'a', {
      ...plus,
      contentType: ['content-type', 'own/type'],
      contentLength: ['Content-Length', '3'],
    });
    own.config.headers = new AxiosHeaders({ 'content-type': 'from/transforms', 'Content-Length': '7' });
    prepareBody(own);
    expect(sent(own)).toEqual(['a+', 'own/type', '3']);
    expect(Object.keys(own.config.headers)).toEqual(['content-type', 'Content-Length']);
    const [posted, got] = [exchangeOf('a', 'a', plus), exchangeOf('a', 'a', plus, { method: 'get' })];
    prepareBody(posted);
    prepareBody(got);
    expect(sent(posted)).toEqual(['a+', 'application/x-www-form-urlencoded', undefined]);
    expect(sent(got)).toEqual(['a+', undefined, undefined]);
  });

  it('rejects the request with what the app’s own function throws', async () => {
    const error = new Error('no such file');
    const body = replayable(() => {
      throw error;
    });
    await expect(prepareBody(exchangeOf(body))).rejects.toBe(error);
  });

  it('is not waited for once the request is aborted, and a stream that comes then is closed', async () => {
    const aborter = new AbortController();
    const made = stream();
    const { promise, resolve: give } = deferred<unknown>();
    const body = replayable(() => promise);
    const preparing = prepareBody(exchangeOf(body, body, {}, { signal: aborter.signal }));
    aborter.abort();
    await expect(preparing).rejects.toMatchObject({ code: 'ERR_CANCELED' });
    expect(made.destroyed).toBe(false);
    give(made);
    await settle();
    expect(made.destroyed).toBe(true);
  });
});

describe('the body of another send', () => {
  it('is what the transforms made the first time, not transformed twice', async () => {
    const exchange = exchangeOf('a', 'a+', plus);
    await remakeBody(exchange);
    expect(sent(exchange)).toEqual(['a+', 'from/transforms', '7']);
  });

  it('is transformed anew where the transforms made a stream of it', async () => {
    const exchange = exchangeOf('a', stream(), plus);
    await remakeBody(exchange);
    expect(exchange.config.data).toBe('a+');
  });

  it('is made anew where it is replayable, whatever was made before', async () => {
    let made = 0;
    const exchange = exchangeOf(
      replayable(() => ++made),
      'made before',
      plus,
    );
    await remakeBody(exchange);
    await remakeBody(exchange);
    expect([exchange.config.data, made]).toEqual(['2+', 2]);
  });
});

describe('L16 a body that was sent', () => {
  const sendable = (data: unknown, now?: unknown) => () => assertSendable(exchangeOf(data, now));

  it('can be sent again, unless it was a stream that was made of one', () => {
    expect(sendable(stream(), 'text')).not.toThrow();
    expect(sendable({ a: 1 }, stream())).not.toThrow();
    expect(sendable(replayable(stream), stream())).not.toThrow();
    // Bytes are not looked through, one by one, for fields.
    expect(sendable(Object.assign(Buffer.from('a'), { inner: stream() }), stream())).not.toThrow();
    for (const body of [stream(), { a: stream() }, new Form()]) {
      expect(sendable(body, stream())).toThrow(expect.objectContaining({ code: 'ERR_BEARER_BODY' }));
    }
  });

  it('gives way to what it was made of, if it was a stream or made anew', () => {
    const body = replayable(() => 'made');
    const [streamed, made, kept] = [exchangeOf('original', stream()), exchangeOf(body, 'made'), exchangeOf('a', 'a+')];
    for (const each of [streamed, made, kept]) restoreBody(each);
    expect([streamed.config.data, made.config.data, kept.config.data]).toEqual(['original', body, 'a+']);
  });

  it('waits for a refresh under way if it can be sent only once', () => {
    const waits = (data: unknown, isBusy = true) =>
      hasOneChance({ ...exchangeOf(data), requests: { isBusy } } as unknown as Exchange);
    expect([waits(stream()), waits({ a: stream() })]).toEqual([true, true]);
    expect([waits(stream(), false), waits('text'), waits(null), waits({ a: 1 }), waits(replayable(stream))]).toEqual(
      Array(5).fill(false),
    );
  });
});

describe('when an answer was refused', () => {
  it('its stream is closed, of node or of the web, and the stream that was made for the request', () => {
    const [answer, body] = [stream(), stream()];
    discard(exchangeOf(replayable(stream), body), { response: { data: answer } as never });
    expect([answer.destroyed, body.destroyed]).toEqual([true, true]);
    const cancel = jest.fn<() => void>();
    const web = new ReadableStream({ cancel });
    discard(exchangeOf('a'), { response: { data: web } as never });
    expect(cancel).toHaveBeenCalledTimes(1);
  });

  it('a stream of the caller’s own stays open, as does one that somebody reads', () => {
    const body = stream();
    discard(exchangeOf(body), {});
    expect(body.destroyed).toBe(false);
    const web = new ReadableStream();
    web.getReader();
    expect(() => discard(exchangeOf('a'), { response: { data: web } as never })).not.toThrow();
    discard(exchangeOf('a'), { response: { data: 'text' } as never });
  });
});
