import { describe, expect, it } from '@jest/globals';
import { type Config, extensible, isOff, optionsOf, requestInfo } from '../../lib/interceptors/config.js';

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
  [{ url: 'https://user:se@cret@a.example/b@c' }, { method: 'get', url: 'https://a.example/b@c' }],
  [{ url: 'https:/user:secret@a.example/b' }, { method: 'get', url: 'https:/a.example/b' }],
  [{ url: 'https:user:secret@a.example/b' }, { method: 'get', url: 'https:a.example/b' }],
  [{ url: '\\\\user:secret@a.example\\b' }, { method: 'get', url: '\\\\a.example\\b' }],
  [{ url: '//user:secret@a.example' }, { method: 'get', url: '//a.example' }],
  [{ url: '/users/@me' }, { method: 'get', url: '/users/@me' }],
  [{ url: 'users/ada@example' }, { method: 'get', url: 'users/ada@example' }],
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

it('L19 what somebody has put on Object.prototype is no option of a request, and those of a copied config are', () => {
  const options = { replay: true };
  const own = { bearer: options } as unknown as Config;
  const configs = [{}, { bearer: {} }, { bearer: true }, own, Object.create(own), { bearer: false }] as Config[];
  const read = () => configs.map((config) => [isOff(config), optionsOf(config).replay]);
  const expected = read();
  expect(expected).toEqual(
    [false, false, false, false, false, true].map((off, i) => [off, i === 3 || i === 4 ? true : undefined]),
  );
  try {
    for (const [name, value] of [
      ['bearer', false],
      ['bearer', { replay: false }],
      ['replay', false],
    ] as const) {
      Object.assign(Object.prototype, { [name]: value });
      expect(read()).toEqual(expected);
    }
  } finally {
    for (const name of ['bearer', 'replay']) Reflect.deleteProperty(Object.prototype, name);
  }
});
