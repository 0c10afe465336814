import { describe } from '@jest/globals';
import { AxiosHeaders, type AxiosRequestConfig } from 'axios';
import { adapters, onAdapters } from '../../support/kit.js';
import { bothOnWire } from './compare.js';
import { headerFacts, OURS, responseFacts, wireFacts } from './facts.js';
import type { EchoedRequest } from './server.js';

describe(`headers on the wire (${onAdapters})`, () => {
  const rows: Record<string, AxiosRequestConfig> = {
    'none of one’s own': {},
    'of all casings': { headers: { 'x-lower': '1', 'X-UPPER': '2', 'X-mIxEd': '3' } },
    'an AxiosHeaders': { headers: new AxiosHeaders({ 'X-Own': '1' }) },
    'numbers, booleans and lists': { headers: { 'X-N': 1, 'X-B': true, 'X-L': ['a', 'b'] } as never },
    'some taken away': { headers: { Accept: null, 'User-Agent': false, 'X-None': undefined } as never },
    'a type and a length': { method: 'post', data: 'abc', headers: { 'Content-Type': 'a/b', 'Content-Length': '3' } },
    'a body with none': { method: 'post' },
    'an empty body': { method: 'put', data: '' },
    'a DELETE with a body': { method: 'delete', data: { a: 1 } },
    'parameters in all shapes': { params: { a: [1, 2], b: { c: null, d: 'e f' }, g: new Date(0), h: undefined } },
    URLSearchParams: { params: new URLSearchParams('a=1&a=2') },
    'a serializer of one’s own': { params: { a: 1 }, paramsSerializer: { serialize: () => 'own=1' } },
    'indexes: null': { params: { a: [1, 2] }, paramsSerializer: { indexes: null } },
    'the auth option': { auth: { username: 'user', password: 'pass:word' } },
    'xsrf names': { xsrfCookieName: 'a', xsrfHeaderName: 'X-B', withXSRFToken: true, withCredentials: true },
  };
  for (const adapter of adapters) {
    bothOnWire(`are named, ordered and counted alike (${adapter})`, async (make, web) => {
      const api = make({ baseURL: web.url, adapter });
      const send = async ([name, config]: [string, AxiosRequestConfig]) => {
        const response = await api.request({ url: '/echo?q=1#hash', ...config });
        return [name, wireFacts(response), headerFacts(response.config.headers)];
      };
      return Promise.all(Object.entries(rows).map(send));
    });

    bothOnWire(`bear one’s own Authorization, and no other (${adapter})`, async (make, web) => {
      const api = make({ baseURL: web.url, adapter });
      const ways: [string, AxiosRequestConfig][] = [
        ['/echo', { headers: { Authorization: 'Bearer own' } }],
        ['/echo', { headers: { authorization: 'Basic own' } }],
        ['/echo', { auth: { username: 'user', password: 'word' } }],
        [web.url.replace('//', '//user:word@').concat('/echo'), {}],
      ];
      const isOurs = ([name]: [string, string]) => name.toLowerCase() === OURS.header;
      // Not every fetch takes credentials in a URL.
      const send = ([url, config]: [string, AxiosRequestConfig]) =>
        api.get<EchoedRequest>(url, config).then(({ data }) => data.headers.filter(isOurs), String);
      return Promise.all(ways.map(send));
    });
  }

  bothOnWire('of defaults, for all and for one method, are merged alike', async (make, web) => {
    const api = make({ baseURL: web.url, headers: { 'X-All': '1' } });
    api.defaults.headers.common['X-Common'] = '2';
    api.defaults.headers.post['X-Post'] = '3';
    api.defaults.headers.get.Accept = 'text/own';
    return Promise.all(
      [api.get('/echo'), api.post('/echo', {}), api.put('/echo', {})].map(async (sent) => wireFacts(await sent)),
    );
  });

  bothOnWire('of an interceptor reach the wire alike', async (make, web) => {
    const api = make({ baseURL: web.url });
    api.interceptors.request.use((config) => {
      config.headers['X-Plain'] = '1';
      config.headers.set('X-Set', '2');
      config.headers.setUserAgent('own/1');
      config.headers.delete('Accept');
      return config;
    });
    return wireFacts(await api.get('/echo'));
  });

  bothOnWire('of an answer can be read in every way', async (make, web) => {
    const response = await make({ baseURL: web.url }).get('/cookies');
    const { headers } = response as { headers: AxiosHeaders };
    const isHeaders = headers instanceof AxiosHeaders;
    return [responseFacts(response), isHeaders, headers.get('x-UPPER'), headers['set-cookie'], headers.has('Nope')];
  });
});
