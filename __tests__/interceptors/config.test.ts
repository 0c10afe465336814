import { describe, expect, it } from '@jest/globals';
import { type Config, extensible, requestInfo } from '../../lib/interceptors/config.js';

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

describe('a config', () => {
  it('that nobody has closed is used as it is', () => {
    const open = { url: '/a' } as Config;
    expect(extensible(open)).toBe(open);
  });

  it.each(['freeze', 'seal', 'preventExtensions'] as const)('that somebody has closed is copied whole: %s', (close) => {
    const parent = { inherited: true };
    const config = Object.create(parent, {
      url: { value: '/a', enumerable: true },
      hidden: { value: 1 },
      counted: { get: () => 2, enumerable: true },
    });
    const own = extensible((Object[close] as <T>(value: T) => T)(config)) as Config & Record<string, unknown>;
    expect(own).not.toBe(config);
    expect(Object.getPrototypeOf(own)).toBe(parent);
    expect(Object.keys(own)).toEqual(['url', 'counted']);
    expect([own.url, own.hidden, own.counted]).toEqual(['/a', 1, 2]);
    Object.assign(own, { url: '/b', hidden: 3, added: 4 });
    expect([own.url, own.hidden, own.added]).toEqual(['/b', 3, 4]);
    expect(Reflect.deleteProperty(own, 'counted')).toBe(true);
  });
});
