import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { AxiosInstance, InternalAxiosRequestConfig } from 'axios';
import { type ApiRequest, type ApiVideo, startApiVideo } from 'axios-bearer/testing';
import { type ClientOptions, clientWith, closeSessions, installed, type Variant, variants } from './client.js';
import { axiosOf } from './modules.js';
import { sign, signatureOf } from './plugins.js';

let server: ApiVideo;
/** What came to /echo, both times. */
let sends: ApiRequest[];
beforeAll(async () => {
  server = await startApiVideo();
});
beforeEach(() => {
  sends = [];
  server.hold((request) => {
    if (request.path === '/echo') sends.push(request);
    return false;
  });
});
afterEach(() => {
  closeSessions();
  server.reset();
});
afterAll(() => server.close());

async function postExpired(
  variant: Variant,
  install: (api: AxiosInstance) => unknown,
  options?: ClientOptions,
): Promise<void> {
  const { api } = clientWith(server, variant, install, options);
  server.expire();
  await api.post('/echo', { title: 'ä', at: [1, { b: 2 }] });
  expect(sends).toHaveLength(2);
}

const isRight = ({ method, path, headers, body }: ApiRequest) =>
  headers['x-signature'] === signatureOf(method.toLowerCase(), path, headers['x-client'], body.toString());

/** Over what a proxy would see: the token too, and never twice the same. */
function seal({ headers }: InternalAxiosRequestConfig): void {
  const nonce = randomUUID();
  headers.set('X-Nonce', nonce);
  headers.set('X-Seal', `${nonce} ${headers.get('Authorization')}`);
}
const sealed = ({ headers }: ApiRequest) => headers['x-seal'] === `${headers['x-nonce']} ${headers.authorization}`;

describe.each(variants)(`a request-signing interceptor, ${installed}`, (variant) => {
  const { kind } = variant;

  it('signs method, URL, headers and body once, and the signature is right on the replay', async () => {
    await postExpired(variant, (api) => api.interceptors.request.use(sign));
    expect(sends.map(isRight)).toEqual([true, true]);
  });

  it('has its nonce sent twice, and never sees the token: a signature of one send belongs in beforeSend', async () => {
    await postExpired(variant, (api) =>
      api.interceptors.request.use((config) => {
        seal(config);
        return config;
      }),
    );
    expect(sends.map(sealed)).toEqual([false, false]);
    expect(sends[0]!.headers['x-nonce']).toBe(sends[1]!.headers['x-nonce']);
  });

  it('as beforeSend, signs each send: the token and the body as it is sent, with a nonce of its own', async () => {
    const bodies: unknown[] = [];
    const beforeSend = (config: InternalAxiosRequestConfig) => {
      bodies.push(config.data);
      seal(config);
    };
    await postExpired(variant, () => {}, { beforeSend });
    expect(sends.map(sealed)).toEqual([true, true]);
    expect(sends[0]!.headers['x-nonce']).not.toBe(sends[1]!.headers['x-nonce']);
    expect(bodies).toEqual(sends.map(({ body }) => body.toString()));
  });

  it('as an adapter, signs each send: the token in it, with a nonce of its own', async () => {
    const http = axiosOf[kind].getAdapter('http');
    await postExpired(variant, (api) => {
      api.defaults.adapter = (config) => {
        seal(config);
        return http(config);
      };
    });
    expect(sends.map(sealed)).toEqual([true, true]);
    expect(sends[0]!.headers['x-nonce']).not.toBe(sends[1]!.headers['x-nonce']);
  });

  it('as a request transform, is asked once, with the token of the first send: that too belongs in beforeSend', async () => {
    await postExpired(variant, (api) => {
      api.defaults.transformRequest = [
        function (this: InternalAxiosRequestConfig, body) {
          seal(this);
          return body;
        },
        ...[api.defaults.transformRequest!].flat(),
      ];
    });
    expect(sends.map(sealed)).toEqual([true, false]);
  });
});
