import { expect, it } from '@jest/globals';
import {
  begin,
  type Config,
  type Journey,
  journeyOf,
  requestInfo,
  requestOptions,
} from '../../lib/interceptors/config.js';

it.each([
  [{}, { method: 'get', url: '' }],
  [
    { method: 'post', url: '/a' },
    { method: 'post', url: '/a' },
  ],
  [{ url: '/a?token=b#c' }, { method: 'get', url: '/a' }],
  [{ url: '/a#b?c' }, { method: 'get', url: '/a' }],
  [{ url: '/a?b\nc' }, { method: 'get', url: '/a' }],
  [{ url: 'https://user:secret@a.example/b' }, { method: 'get', url: 'https://a.example/b' }],
  [{ url: 'https://a.example/b@c' }, { method: 'get', url: 'https://a.example/b@c' }],
  [{ url: new URL('https://a.example/b?c') }, { method: 'get', url: 'https://a.example/b' }],
])('L20 what is told of a request holds nothing that could be a secret: %p', (config, info) => {
  expect(requestInfo(config as unknown as Config)).toEqual(info);
});

it('a config that has travelled is known again, with what the caller asked for', () => {
  const options = { minValidity: 7 };
  const config = { bearer: options } as Config;
  expect([journeyOf(undefined), journeyOf(config)]).toEqual([undefined, undefined]);
  expect(requestOptions(config)).toBe(options);
  expect(requestOptions({} as Config)).toEqual({});
  expect(requestOptions({ bearer: false } as Config)).toBe(false);
  const journey = { options } as Journey;
  begin(config, journey);
  expect(journeyOf(config)).toBe(journey);
  expect(requestOptions(config)).toBe(options);
  expect(JSON.stringify(config)).toBe('{"bearer":{}}');
});
