import { inspect } from 'node:util';
import { expect, it } from '@jest/globals';
import { AxiosError } from 'axios';
import type { Installation } from '../../lib/interceptors/exchange.js';
import { redact } from '../../lib/interceptors/redact.js';
import { rememberAccessToken } from '../../lib/session/access-tokens.js';

rememberAccessToken('secret');

const installed = (settings: object = {}) =>
  ({ settings: { header: 'X-Token', redact: true, ...settings } }) as Installation;
const head = ['GET / HTTP/1.1', 'X-TOKEN: Bearer secret', 'X-Token-Kind: plain', 'Host: a', '', ''].join('\r\n');
const headers = () => ({ 'x-token': 'secret', 'X-TOKEN': 'secret', 'x-token-kind': 'plain', Host: 'a' });
// As Node keeps them: each name as it was written, with its value.
const kept = () => ({ 'x-token': ['X-TOKEN', 'Bearer secret'], 'x-token-kind': ['X-Token-Kind', 'plain'] });
const cleanKept = { 'x-token-kind': ['X-Token-Kind', 'plain'] };
const clean = { 'x-token-kind': 'plain', Host: 'a' };

class Outgoing {
  [key: PropertyKey]: unknown;
  _header: unknown = head;
  _options = { headers: headers() };

  constructor(symbol = Symbol('kOutHeaders')) {
    this[symbol] = kept();
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
  expect(redact(error, installed())).toBe(error);
  expect(error.config.headers).toEqual(clean);
  expect(error.response.config.headers).toEqual(clean);
  expect(error.response.headers).toEqual(headers());
  for (const each of [request, current, wrapped, answered]) {
    expect(shown(each)).toEqual([cleanHead, clean, cleanKept, headers()]);
  }
});

it('L20 it leaves the headers that an HTTP/2 request has sent', () => {
  const request = { sentHeaders: headers() };
  redact({ request }, installed());
  expect(request.sentHeaders).toEqual(clean);
});

it('L20 it leaves the headers of fetch too', () => {
  const request = { headers: new Headers({ 'X-Token': 'Bearer secret', Accept: 'a' }) };
  redact({ request }, installed());
  expect([...request.headers.keys()]).toEqual(['accept']);
});

it('L15 the caller’s own header of that name stays everywhere: its value ends in no token of ours', () => {
  const own = { 'X-Token': 'Bearer of-the-caller', Host: 'secret' };
  const ownHead = ['GET / HTTP/1.1', 'X-Token: Bearer of-the-caller', 'Host: secret', '', ''].join('\r\n');
  const request = Object.assign(new Outgoing(), { _header: ownHead, _options: { headers: { ...own } } });
  const symbol = Object.getOwnPropertySymbols(request).find(({ description }) => description === 'kOutHeaders')!;
  request[symbol] = { 'x-token': ['X-Token', 'Bearer of-the-caller'] };
  const response = { request: { headers: new Headers(own) }, config: { headers: { ...own } } };
  const error = { config: { headers: { ...own } }, request, response };
  redact(error, installed());
  expect([error.config.headers, response.config.headers, request._options.headers]).toEqual([own, own, own]);
  expect(request._header).toBe(ownHead);
  expect(request[symbol]).toEqual({ 'x-token': ['X-Token', 'Bearer of-the-caller'] });
  expect(response.request.headers.get('X-Token')).toBe('Bearer of-the-caller');
});

it('L20 a token that the session has replaced since leaves an error too', () => {
  rememberAccessToken('newer');
  const error = { config: { headers: { 'X-Token': 'Bearer secret' } } };
  redact(error, installed());
  expect(error.config.headers).toEqual({});
});

it('L20 requests that know each other in a ring are no endless work', () => {
  const request = new Outgoing();
  request._currentRequest = request;
  request._redirectable = request;
  redact({ request }, installed());
  expect(request._header).toBe(cleanHead);
});

it('L20 it looks as deep as redirects wrap a request', () => {
  const chain = Array.from({ length: 4 }, () => new Outgoing());
  chain.forEach((each, i) => {
    each._currentRequest = chain[i + 1];
  });
  redact({ request: chain[0] }, installed());
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
  expect(redact(error, installed())).toBe(error);
});

it.each([{ redact: false }, { header: false }])('all stays where nothing of ours is to leave: %j', (settings) => {
  const error = { config: { headers: headers() } };
  redact(error, installed(settings));
  expect(error.config.headers).toEqual(headers());
});

it('L20 what prints an error stops before the agent and the socket, which other requests share', () => {
  const others = { sockets: { 'a:80:': [{ _httpMessage: { _header: 'Authorization: Bearer another' } }] } };
  const config = { url: '/a', httpAgent: others, httpsAgent: others, headers: headers() };
  const request = Object.assign(new Outgoing(), {
    method: 'GET',
    path: '/a',
    host: 'a',
    agent: others,
    socket: others,
  });
  const response = { config, request: Object.assign(new Outgoing(), { agent: others }) };
  const error = new AxiosError('failed', 'X', config as never, request, response as never);
  redact(error, installed());
  for (const printed of [JSON.stringify(error), JSON.stringify({ ...error }), inspect(error)]) {
    expect(printed).not.toContain('another');
  }
  expect(JSON.parse(JSON.stringify(error)).config).toEqual({ url: '/a', headers: clean });
  expect(JSON.parse(JSON.stringify(request))).toEqual({ method: 'GET', path: '/a', host: 'a' });
  const wrapper = { _currentRequest: request, _options: { agent: others } };
  redact({ request: wrapper }, installed());
  expect(JSON.parse(JSON.stringify(wrapper))).toEqual({ method: 'GET', path: '/a', host: 'a' });
});

it('a config that was printed so is as it was when it is copied and sent again', () => {
  const config = { url: '/a', httpAgent: { sockets: {} } };
  redact({ config }, installed());
  expect({ ...config }).toEqual({ url: '/a', httpAgent: { sockets: {} } });
  expect(Object.keys(config)).toEqual(['url', 'httpAgent']);
});

it('a frozen config is left as it is', () => {
  const config = Object.freeze({ httpAgent: { sockets: {} } });
  expect(redact({ config }, installed())).toEqual({ config });
});

it('`redact: false` hides nothing', () => {
  const config = { httpAgent: { sockets: {} } };
  redact({ config }, installed({ redact: false }));
  expect(JSON.stringify(config)).toBe('{"httpAgent":{"sockets":{}}}');
});
