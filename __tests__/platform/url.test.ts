import { afterEach, describe, expect, it } from '@jest/globals';
import { parseUrl } from '../../lib/platform/url.js';

const PLATFORM = globalThis.URL;
afterEach(() => {
  globalThis.URL = PLATFORM;
});

/** React Native's below 0.80: it can be made and printed, and no more. It writes nothing anew. */
class BareUrl {
  readonly href: string;

  constructor(url: string, base?: string) {
    this.href = base && !/^[a-z]+:/i.test(url) ? `${base}${url}` : url;
  }

  get origin(): never {
    throw new Error('URL.origin is not implemented');
  }

  get protocol(): never {
    throw new Error('URL.protocol is not implemented');
  }

  get username(): never {
    throw new Error('URL.username is not implemented');
  }

  get pathname(): never {
    throw new Error('URL.pathname is not implemented');
  }
}

const bare = () => {
  globalThis.URL = BareUrl as unknown as typeof URL;
};

const URLS = [
  'https://api.example/a/b?c#d',
  'https://API.Example:443/a',
  'http://api.example:80',
  'http://api.example:8080/a?b=https://other.example/',
  'https://ada:secret@api.example/a',
  'https://ada@api.example',
  'http://[::1]:3000/a',
  'https://api.example?b',
  'https://api.example#b@c',
];

describe('a URL', () => {
  it.each(URLS)('has the origin, path and credentials that the platform reads in it: %s', (url) => {
    const { origin, pathname, username, password } = new PLATFORM(url);
    const hasCredentials = Boolean(username || password);
    expect(parseUrl(url)).toMatchObject({ origin, pathname, hasCredentials });
    bare();
    expect(parseUrl(url)).toMatchObject({ origin, hasCredentials });
  });

  it('is relative to its base, where there is one', () => {
    expect(parseUrl('/a', 'https://api.example')?.href).toBe('https://api.example/a');
    expect(parseUrl('/a')).toBeUndefined();
    bare();
    expect(parseUrl('/a')).toBeUndefined();
  });

  it.each(['file:///a', 'ws://api.example', 'capacitor://localhost', 'app://x/y'])('has no origin over %s', (url) => {
    expect(parseUrl(url)?.origin).toBeUndefined();
    bare();
    expect(parseUrl(url)?.origin).toBeUndefined();
  });

  it.each(['nonsense', '', 'blob:https://a.example/b', 'data:text/plain,a', 'https://', 'http://['])(
    'has none where it is no URL of a server: %j',
    (url) => expect(parseUrl(url)?.origin).toBeUndefined(),
  );

  it.each([
    'https://api.example\\@other.example/',
    'https://api.example @other.example/',
    'https://a@api.example@other.example/',
    'https://api.example\t.other.example/',
  ])('L19 that parsers read in two ways has no origin where nobody has written it anew: %j', (url) => {
    bare();
    expect(parseUrl(url)?.origin).toBeUndefined();
  });
});
