import { afterEach, describe, expect, it } from '@jest/globals';
import axios from 'axios';
import type { Config } from '../../lib/interceptors/config.js';
import { border, destination, originOf, pageOrigin, parse } from '../../lib/interceptors/origins.js';
import type { Session } from '../../lib/session/session.js';

const HOME = 'https://api.example';

function page(href: string | undefined) {
  Object.assign(globalThis, { location: href && { href } });
}

afterEach(() => {
  Reflect.deleteProperty(globalThis, 'location');
});

const sessionOf = (...origins: string[]) => ({ source: { origins } }) as unknown as Session;
const judgeOf = (baseURL: string | undefined, allowed?: string[]) => {
  const instance = axios.create({ ...(baseURL && { baseURL }) });
  const judge = border(instance, allowed && new Set(allowed));
  return (config: object, session = sessionOf()) => judge({ baseURL, ...config } as Config, session);
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
    expect(judge({ url: 'https://other.example/a' }, sessionOf('https://other.example'))).toBeUndefined();
    expect(judge({ url: 'https://other.example/a' }, { source: {} } as Session)).toBe('origin');
    expect(judge({ url: '/a', baseURL: 'https://other.example' })).toBe('origin');
    expect(judge({ url: '/a', baseURL: `${HOME}/v2` })).toBeUndefined();
    expect(judge({ url: '/a', baseURL: undefined })).toBe('origin');
  });

  it('is where the options say, and then home only if they say so', () => {
    const judge = judgeOf(HOME, ['https://a.example']);
    expect(judge({ url: 'https://a.example/b' })).toBeUndefined();
    expect(judge({ url: '/b' })).toBe('origin');
    expect(judge({ url: '/b' }, sessionOf(HOME))).toBeUndefined();
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

  it('is asked anew when the instance has moved', () => {
    const instance = axios.create({ baseURL: HOME });
    const judge = border(instance, undefined);
    const asked = (baseURL: string, url: string) => judge({ baseURL, url } as Config, sessionOf());
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
