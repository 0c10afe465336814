import { expect, it } from '@jest/globals';
import { extensible } from '../../lib/interceptors/attach.js';
import type { Config } from '../../lib/interceptors/config.js';

const open = { url: '/a' } as Config;

it('a config that nobody has closed is used as it is', () => {
  expect(extensible(open)).toBe(open);
});

it.each(['freeze', 'seal', 'preventExtensions'] as const)(
  'one that somebody has closed is copied whole: %s',
  (close) => {
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
  },
);
