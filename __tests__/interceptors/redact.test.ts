import { expect, it } from '@jest/globals';
import type { Guard } from '../../lib/interceptors/config.js';
import { redact } from '../../lib/interceptors/redact.js';

const guardOf = (settings: object) => ({ settings: { header: 'X-Token', redact: true, ...settings } }) as Guard;
const head = ['GET / HTTP/1.1', 'X-TOKEN: secret', 'X-Token-Kind: plain', 'Host: a', '', ''].join('\r\n');
const headers = () => ({ 'x-token': 'secret', 'X-TOKEN': 'secret', 'x-token-kind': 'plain', Host: 'a' });
const clean = { 'x-token-kind': 'plain', Host: 'a' };

class Outgoing {
  [key: PropertyKey]: unknown;
  _header: unknown = head;
  _options = { headers: headers() };

  constructor(symbol = Symbol('kOutHeaders')) {
    this[symbol] = headers();
    this[Symbol('other')] = headers();
  }
}

const cleanHead = ['GET / HTTP/1.1', 'X-Token-Kind: plain', 'Host: a', '', ''].join('\r\n');
const shown = (request: Outgoing) => [
  request._header,
  request._options.headers,
  ...Object.getOwnPropertySymbols(request).map((symbol) => request[symbol]),
];

it('L20 our header leaves an error wherever axios and the platform keep it, and the others stay', () => {
  const [request, current, wrapped, answered] = [1, 2, 3, 4].map(() => new Outgoing()) as [
    Outgoing,
    Outgoing,
    Outgoing,
    Outgoing,
  ];
  request._currentRequest = current;
  current._redirectable = wrapped;
  const error = {
    config: { headers: headers() },
    request,
    response: { config: { headers: headers() }, request: answered, headers: headers() },
  };
  expect(redact(error, guardOf({}))).toBe(error);
  expect(error.config.headers).toEqual(clean);
  expect(error.response.config.headers).toEqual(clean);
  expect(error.response.headers).toEqual(headers());
  for (const each of [request, current, wrapped, answered]) {
    expect(shown(each)).toEqual([cleanHead, clean, clean, headers()]);
  }
});

it('L20 it leaves the headers of fetch too', () => {
  const request = { headers: new Headers({ 'X-Token': 'secret', Accept: 'a' }) };
  redact({ request }, guardOf({}));
  expect([...request.headers.keys()]).toEqual(['accept']);
});

it('L20 requests that know each other in a ring are no endless work', () => {
  const request = new Outgoing();
  request._currentRequest = request;
  request._redirectable = request;
  redact({ request }, guardOf({}));
  expect(request._header).toBe(cleanHead);
});

it('L20 it looks as deep as redirects wrap a request', () => {
  const chain = Array.from({ length: 4 }, () => new Outgoing());
  chain.forEach((each, i) => {
    each._currentRequest = chain[i + 1];
  });
  redact({ request: chain[0] }, guardOf({}));
  expect(chain.map(({ _header }) => _header)).toEqual([cleanHead, cleanHead, cleanHead, cleanHead]);
});

it.each([
  undefined,
  null,
  'text',
  7,
  {},
  { config: {} },
  { config: { headers: null }, request: 7, response: 'text' },
  { response: {} },
])('an error that is none passes as it is: %j', (error) => {
  expect(redact(error, guardOf({}))).toBe(error);
});

it.each([{ redact: false }, { header: false }])('all stays where nothing of ours is to leave: %j', (settings) => {
  const error = { config: { headers: headers() } };
  redact(error, guardOf(settings));
  expect(error.config.headers).toEqual(headers());
});
