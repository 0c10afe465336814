import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import axios from 'axios';
import type { Config } from '../../lib/interceptors/config.js';
import {
  assertOrigin,
  destination,
  isPlainlyRelative,
  originCheck,
  originOf,
  pageOrigin,
  parse,
} from '../../lib/interceptors/origins.js';
import type { InstallSettings } from '../../lib/read-options.js';
import type { Requests } from '../../lib/session/requests.js';

const HOME = 'https://api.example';

function page(href: string | undefined) {
  Object.assign(globalThis, { location: href && { href } });
}

let warned: jest.SpiedFunction<typeof console.warn>;
beforeEach(() => {
  warned = jest.spyOn(console, 'warn').mockImplementation(() => {});
});

afterEach(() => {
  warned.mockRestore();
  Reflect.deleteProperty(globalThis, 'location');
});

const requestsOf = (...origins: string[]) => ({ source: { origins } }) as unknown as Requests;
const judgeOf = (
  baseURL: string | undefined,
  origins?: string[] | InstallSettings['origins'],
  header: string | false = 'Authorization',
) => {
  const instance = axios.create({ ...(baseURL && { baseURL }) });
  const judge = originCheck(instance, Array.isArray(origins) ? new Set(origins) : origins, header);
  return (config: object, requests = requestsOf()) => judge({ baseURL, ...config } as Config, requests);
};

describe('where a request goes', () => {
  const instance = axios.create({ baseURL: HOME });
  const goes = (config: object) => destination(instance, config as Config)?.href;

  it.each([
    ['/videos', `${HOME}/`],
    ['', `${HOME}/`],
    ['a-b~c.d/e?f#g', `${HOME}/`],
    ['a?b', `${HOME}/`],
    ['a#b', `${HOME}/`],
    ['https://other.example/a', 'https://other.example/a'],
    ['//other.example/a', 'https://other.example/a'],
    ['a:b', `${HOME}/a:b`],
    [' /a', `${HOME}/%20/a`],
  ])('%j goes by its final URL', (url, href) => {
    page('https://page.example/here');
    expect(goes({ baseURL: HOME, url })).toBe(href);
  });

  it('is nowhere where there is no page to start from', () => {
    expect(goes({ url: '/a' })).toBeUndefined();
    expect(goes({})).toBeUndefined();
    expect(goes({ url: 'https://other.example/a' })).toBe('https://other.example/a');
    expect(goes({ baseURL: '/api', url: '/a' })).toBeUndefined();
    expect(goes({ baseURL: 'http://[', url: '//x' })).toBeUndefined();
  });

  it('starts from the page, where there is one', () => {
    page('https://page.example/here/');
    expect(goes({ url: 'a' })).toBe('https://page.example/here/a');
    expect(goes({})).toBe('https://page.example/here/');
    expect(goes({ baseURL: '/api', url: 'a' })).toBe('https://page.example/api');
    expect(parse(undefined)?.href).toBe('https://page.example/here/');
    expect(pageOrigin()).toBe('https://page.example');
  });

  it('starts from the base of a document, and its origin is the page’s all the same', () => {
    page('https://page.example/here/');
    Object.assign(globalThis, { document: { baseURI: 'https://cdn.example/there/' } });
    try {
      expect(goes({ baseURL: '/api', url: 'a' })).toBe('https://cdn.example/api');
      expect(originOf('/api')).toBe('https://page.example');
      expect(judgeOf('/api')({ url: '/a' })).toBe('origin');
    } finally {
      Reflect.deleteProperty(globalThis, 'document');
    }
  });

  it('starts from a base that a document has got later', () => {
    page('https://page.example/');
    const judge = judgeOf('/api');
    expect(judge({ url: '/a' })).toBeUndefined();
    Object.assign(globalThis, { document: { baseURI: 'https://evil.example/' } });
    try {
      expect(judge({ url: '/a' })).toBe('origin');
    } finally {
      Reflect.deleteProperty(globalThis, 'document');
    }
  });

  it.each([['about:srcdoc'], [undefined]])('is the page of a frame that was written, whose address is %s', (href) => {
    Object.assign(globalThis, { location: { href }, origin: 'https://page.example' });
    Object.assign(globalThis, { document: { baseURI: 'https://page.example/here' } });
    try {
      expect(pageOrigin()).toBe('https://page.example');
      expect(judgeOf('/api')({ url: '/a' })).toBeUndefined();
      Object.assign(globalThis, { origin: 'null' });
      expect(pageOrigin()).toBeUndefined();
    } finally {
      Reflect.deleteProperty(globalThis, 'document');
      Reflect.deleteProperty(globalThis, 'origin');
    }
  });

  it('has an origin over http and https only', () => {
    expect(originOf('http://a.example:8080/b')).toBe('http://a.example:8080');
    expect(originOf('https://a.example/b')).toBe('https://a.example');
    for (const url of ['file:///a', 'blob:https://a.example/b', 'nonsense', undefined])
      expect(originOf(url)).toBeUndefined();
    page('file:///index.html');
    expect(pageOrigin()).toBeUndefined();
    page(undefined);
    expect(pageOrigin()).toBeUndefined();
  });
});

describe('where the token may go', () => {
  it('is home, and where the source says', () => {
    const judge = judgeOf(HOME);
    expect(judge({ url: '/a' })).toBeUndefined();
    expect(judge({ url: `${HOME}/a` })).toBeUndefined();
    expect(judge({ url: 'https://other.example/a' })).toBe('origin');
    expect(judge({ url: 'https://other.example/a' }, requestsOf('https://other.example'))).toBeUndefined();
    expect(judge({ url: 'https://other.example/a' }, { source: {} } as Requests)).toBe('origin');
    expect(judge({ url: '/a', baseURL: 'https://other.example' })).toBe('origin');
    expect(judge({ url: '/a', baseURL: `${HOME}/v2` })).toBeUndefined();
    expect(judge({ url: '/a', baseURL: undefined })).toBe('origin');
  });

  it('is where the options say, and then home only if they say so', () => {
    const judge = judgeOf(HOME, ['https://a.example']);
    expect(judge({ url: 'https://a.example/b' })).toBeUndefined();
    expect(judge({ url: '/b' })).toBe('origin');
    expect(judge({ url: '/b' }, requestsOf(HOME))).toBeUndefined();
  });

  it('is where a function says, which is asked at each request', () => {
    const asked: unknown[] = [];
    let chosen = ['https://a.example'];
    const judge = judgeOf(HOME, (config) => {
      asked.push(config.url);
      return new Set(chosen);
    });
    expect(judge({ url: '/b' })).toBe('origin');
    expect(judge({ url: 'https://a.example/b' })).toBeUndefined();
    chosen = [HOME];
    expect(judge({ url: '/b' })).toBeUndefined();
    expect(judge({ url: 'https://a.example/b' })).toBe('origin');
    chosen = ['*'];
    expect(judge({ url: 'https://a.example/b' })).toBeUndefined();
    expect(asked).toEqual(['/b', 'https://a.example/b', '/b', 'https://a.example/b', 'https://a.example/b']);
  });

  it('is nowhere that a function says of a URL with credentials', () => {
    const judge = judgeOf(HOME, () => new Set(['*']));
    expect(judge({ url: 'https://user@api.example/a' })).toBe('own-authorization');
  });

  it('is nowhere, while a relative baseURL has no page to start from', () => {
    const judge = judgeOf('/api');
    expect(judge({ url: '/a' })).toBe('origin');
    expect(judge({ url: 'https://other.example/a' })).toBe('origin');
    expect(judge({ url: 'https://other.example/a' }, requestsOf('https://other.example'))).toBeUndefined();
  });

  it('is everywhere for those that ask for it', () => {
    const judge = judgeOf(HOME, ['*']);
    expect(judge({ url: 'https://anywhere.example/a' })).toBeUndefined();
    expect(judge({ url: 'https://user:secret@anywhere.example/a' })).toBe('own-authorization');
  });

  it('is the page’s origin, where the instance has none of its own', () => {
    page('https://page.example/here');
    for (const baseURL of [undefined, '/api']) {
      const judge = judgeOf(baseURL);
      expect(judge({ url: '/a' })).toBeUndefined();
      expect(judge({ url: 'https://other.example/a' })).toBe('origin');
    }
    expect(judgeOf(HOME)({ url: 'https://page.example/a' })).toBe('origin');
  });

  it('is nowhere that bears credentials of its own', () => {
    for (const userinfo of ['user', 'user:secret', ':secret']) {
      expect(judgeOf(HOME)({ url: `https://${userinfo}@api.example/a` })).toBe('own-authorization');
      expect(judgeOf(`https://${userinfo}@api.example`)({ url: '/a' })).toBe('own-authorization');
    }
  });

  it('is there too, where the token has a header of its own, or none', () => {
    for (const header of ['X-Token', false] as const) {
      const judge = judgeOf('https://user:secret@api.example', undefined, header);
      expect(judge({ url: '/a' })).toBeUndefined();
      expect(judge({ url: 'https://user@other.example/a' })).toBe('origin');
    }
  });

  it('is asked anew when the instance has moved', () => {
    const instance = axios.create({ baseURL: HOME });
    const judge = originCheck(instance, undefined, 'authorization');
    const asked = (baseURL: string, url: string) => judge({ baseURL, url } as Config, requestsOf());
    expect(asked(HOME, '/a')).toBeUndefined();
    instance.defaults.baseURL = 'https://user@api.example';
    expect(asked(instance.defaults.baseURL, '/a')).toBe('own-authorization');
    expect(asked(instance.defaults.baseURL, '/a')).toBe('own-authorization');
    instance.defaults.baseURL = HOME;
    expect(asked(HOME, '/a')).toBeUndefined();
    instance.defaults.baseURL = 'https://moved.example';
    expect(asked(HOME, '/a')).toBe('origin');
    expect(asked('https://moved.example', '/a')).toBeUndefined();
    instance.defaults.baseURL = HOME;
    expect(asked('https://moved.example', '/a')).toBe('origin');
    instance.defaults.baseURL = 'https://moved.example/v2';
    expect(asked('https://moved.example', '/a')).toBeUndefined();
  });
});

describe('where the token may go is known at the start', () => {
  const starts = (baseURL: string | undefined, given?: unknown, ofSource?: string[]) => () =>
    assertOrigin(axios.create({ ...(baseURL && { baseURL }) }), given, ofSource);

  it('by a baseURL, a relative one too, by the option, by the source, or by the page', () => {
    for (const known of [
      starts(HOME),
      starts('/api'),
      starts(undefined, new Set(['*'])),
      starts(undefined, () => new Set()),
      starts(undefined, undefined, [HOME]),
    ]) {
      expect(known).not.toThrow();
    }
    page('https://page.example/here');
    expect(starts(undefined)).not.toThrow();
  });

  it('or else it is an error that says what to set', () => {
    const error = { code: 'ERR_BEARER_CONFIG', message: expect.stringContaining('origins') };
    expect(starts(undefined)).toThrow(expect.objectContaining(error));
    expect(starts(undefined, undefined, [])).toThrow(expect.objectContaining(error));
    page('file:///index.html');
    expect(starts(undefined)).toThrow(expect.objectContaining(error));
  });
});

it.each([
  ['', true],
  ['/', true],
  ['/videos', true],
  ['a-b~c.d/e?f#g', true],
  ['a?b', true],
  ['//other.example', false],
  ['/\\\\other.example', false],
  ['/ /other.example', false],
  ['\\\\other.example', false],
  ['https://other.example', false],
  ['a:b', false],
  [' /a', false],
  [new URL('https://other.example'), false],
  [undefined, false],
])('%j is plainly relative, whatever reads it: %j', (url, is) => {
  expect(isPlainlyRelative(url)).toBe(is);
});
