import { expect, it } from '@jest/globals';
import { targetOf } from '../../lib/interceptors/target.js';
import { parseUrl } from '../../lib/platform/url.js';

const HOME = 'https://api.example/';
const target = ({ method, url = '' }: { method?: string; url?: string | URL }, base: string | undefined = HOME) =>
  targetOf({ method }, base ? parseUrl(String(url), base) : undefined);
const path = (url: string) => target({ url }).replace('get https://api.example', '');

it('a target is method, origin and path', () => {
  const at = (method: string, url: string, to = 'https://api.example/') => target({ method, url }, to);
  const one = at('post', '/videos');
  expect(one).toBe('post https://api.example/videos');
  expect(at('post', 'https://api.example/videos')).toBe(one);
  for (const other of [
    at('put', '/videos'),
    at('post', '/videos/all'),
    at('post', '/videos', 'https://api.example:8443'),
    at('post', '/videos', 'http://api.example'),
  ]) {
    expect(other).not.toBe(one);
  }
});

it('a target is told without method, URL and destination too', () => {
  expect(target({ url: '/a' })).toBe(target({ method: 'get', url: '/a' }));
  expect(target({})).toBe(target({ method: 'get', url: '' }));
  expect(target({ url: '/a' }, '')).toBe('get ');
  expect(target({ url: new URL('https://api.example/a') })).toBe(target({ url: 'https://api.example/a' }));
});

it('what follows the path does not count', () => {
  for (const rest of ['?page=2', '#top', '#a?b']) expect(path(`/videos${rest}`)).toBe('/videos');
});

it.each([
  ['digits', '7'],
  ['many digits', '12345678901234567890123456'],
  ['a UUID', '123e4567-e89b-12d3-a456-426614174000'],
  ['a UUID in capitals', '123E4567-E89B-12D3-A456-426614174000'],
  ['hexadecimal of 8', 'deadbeef'],
  ['hexadecimal of 24', '507F1F77BCF86CD799439011'],
  ['anything longer than 24 characters', 'a-name-of-25-characters-x'],
])('%s in a path is an id, and all ids are the same: %s', (_, id) => {
  expect(path(`/videos/${id}/source`)).toBe('/videos/*/source');
  expect(path(`/${id}/${id}?a`)).toBe('/*/*');
});

it.each([
  'videos',
  'v2',
  '1.5',
  '-7',
  'deadbee',
  'deadbeeg',
  '123e4567-e89b-12d3-a456',
  'a-name-of-24-characters-',
  '',
])('a name is none: %j', (name) => {
  expect(path(`/videos/${name}/source`)).toBe(`/videos/${name}/source`);
});
