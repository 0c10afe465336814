import { once } from 'node:events';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe } from '@jest/globals';
import type { AxiosRequestConfig } from 'axios';
import FormDataOfNpm from 'form-data';
import { adapters, onAdapters } from '../../support/kit.js';
import { both, bothOnWire, type Install, installs, toBeObtained } from './compare.js';
import { type Config, endOf, errorFacts, failureOf, print, responseFacts, spying, wireFacts } from './facts.js';

const form = () => {
  const data = new FormData();
  data.append('a', '1');
  data.append('file', new Blob(['content'], { type: 'text/plain' }), 'name.txt');
  return data;
};
const formOfNpm = () => {
  const data = new FormDataOfNpm();
  data.append('a', '1');
  data.append('file', Buffer.from('content'), { filename: 'name.txt' });
  return data;
};

const bodies: Record<string, () => unknown> = {
  'a Readable': () => Readable.from(['one ', 'two']),
  'npm’s form-data': formOfNpm,
  'a FormData': form,
  'a Blob': () => new Blob(['blob'], { type: 'text/csv' }),
  'a Buffer': () => Buffer.from('buffer'),
  'an ArrayBuffer': () => new Uint8Array([65, 66]).buffer,
  'a typed array': () => new Uint8Array([65, 66, 67]).subarray(1),
  URLSearchParams: () => new URLSearchParams({ a: '1 2' }),
};

/** The platform's fetch wants another kind of stream. */
const nodeOnly = ['a Readable', 'npm’s form-data'];

describe(`bodies on the wire (${onAdapters})`, () => {
  for (const adapter of adapters) {
    for (const [name, make] of Object.entries(bodies)) {
      if (adapter === 'fetch' && nodeOnly.includes(name)) continue;
      bothOnWire(`${name} is sent alike (${adapter})`, async (instance, web) => {
        const response = await instance({ baseURL: web.url, adapter }).post('/echo', make());
        return [wireFacts(response), print(response.config.headers), response.config.data?.constructor.name];
      });
    }

    for (const method of ['postForm', 'putForm', 'patchForm'] as const) {
      bothOnWire(`${method} is sent alike (${adapter})`, async (instance, web) => {
        const api = instance({ baseURL: web.url, adapter });
        return wireFacts(await api[method]('/echo', { a: 1, list: [1, 2], deep: { b: 'c' } }));
      });
    }
  }

  for (const [name, make] of Object.entries(bodies)) {
    bothOnWire(`${name} comes to the adapter as the very object that was given`, async (instance) => {
      const data = make();
      const seen: Config[] = [];
      const response = await instance({ adapter: spying(seen) }).post('http://x/', data);
      return [seen[0]?.data === data, response.config.data === data];
    });
  }

  bothOnWire('a Readable that fails ends alike', async (instance, web) => {
    const data = new Readable({ read: () => {} });
    data.push('half');
    setTimeout(() => data.destroy(new Error('no more')), 5);
    return endOf(() => instance({ baseURL: web.url }).post('/echo', data));
  });

  bothOnWire('a body given up midway ends alike', async (instance, web) => {
    const data = new Readable({ read: () => {} });
    data.push('half');
    const signal = AbortSignal.timeout(10);
    const failure = await failureOf(() => instance({ baseURL: web.url }).post('/echo', data, { signal }));
    return [errorFacts(failure), data.destroyed];
  });
});

describe(`answers in all types (${onAdapters})`, () => {
  const types: AxiosRequestConfig[] = [
    { responseType: 'json' },
    { responseType: 'text' },
    { responseType: 'arraybuffer' },
    { responseType: 'blob' },
    { responseType: 'text', responseEncoding: 'latin1' },
    { decompress: false, responseType: 'arraybuffer' },
  ];
  for (const adapter of adapters) {
    for (const type of types) {
      bothOnWire(`${JSON.stringify(type)} (${adapter})`, async (make, web) => {
        const api = make({ baseURL: web.url, adapter, ...type });
        const paths = ['/status/200', '/latin1', '/packed/gzip', '/packed/deflate', '/packed/br', '/empty', '/cookies'];
        const answers = await Promise.all(paths.map((path) => api.get(path)));
        const failed = await endOf(() => api.get('/status/500'));
        const read = ({ data }: { data: unknown }) => (data instanceof Blob ? data.text() : data?.toString());
        return [answers.map(responseFacts), await Promise.all(answers.map(read)), failed];
      });
    }
  }

  bothOnWire('a stream is handed on unread and whole', async (make, web) => {
    const { data, ...rest } = await make({ baseURL: web.url }).get('/big/100000', { responseType: 'stream' });
    const state = [data.readableFlowing, data.readableEnded, data.destroyed, data.constructor.name];
    return [state, (await buffer(data)).length, responseFacts({ ...rest, data: 'a stream' }), data.responseUrl];
  });

  bothOnWire('a stream breaks off alike', async (make, web) => {
    const { data } = await make({ baseURL: web.url }).get('/broken', { responseType: 'stream' });
    data.resume();
    const [error] = await once(data, 'error');
    return errorFacts(error);
  });

  bothOnWire('a stream can be given up while it is read', async (make, web) => {
    const aborter = new AbortController();
    const config: AxiosRequestConfig = { responseType: 'stream', signal: aborter.signal };
    const { data } = await make({ baseURL: web.url }).get('/big/9000000', config);
    const error = once(data, 'error');
    aborter.abort();
    return [errorFacts((await error)[0]), data.destroyed];
  });

  // A refresh may need the socket that an unread body keeps.
  const kept = installs.filter((install) => install !== toBeObtained);
  for (const [status, where] of [[500], [401, kept]] as [number, Install[]?][]) {
    const title = `the stream of a ${status} is handed on unread, in the error`;
    both(
      title,
      async (make, web) => {
        const send = () => make({ baseURL: web.url }).get(`/status/${status}`, { responseType: 'stream' });
        const { response } = (await failureOf(send)) as { response: { data: Readable } };
        return String(await buffer(response.data));
      },
      where,
    );
  }

  if (adapters.includes('fetch')) {
    bothOnWire('the stream of fetch is handed on unread and whole', async (make, web) => {
      const api = make({ baseURL: web.url, adapter: 'fetch' });
      const { data } = await api.get('/big/100000', { responseType: 'stream' });
      return [data.constructor.name, data.locked, (await buffer(data)).length];
    });
  }
});
