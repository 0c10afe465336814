import { Agent, createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe } from '@jest/globals';
import axios, { type AxiosRequestConfig } from 'axios';
import { adapters, atEnd, outcomeOf } from '../../support/kit.js';
import { bothOnWire } from './compare.js';
import { endOf, errorFacts, failureOf, print, wireFacts } from './facts.js';

/** Listens until the test is over. */
async function listening(server: Server, at?: string): Promise<string> {
  await new Promise<void>((resolve) => (at ? server.listen(at, resolve) : server.listen(0, '127.0.0.1', resolve)));
  atEnd(() => server.close());
  return at ?? `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('options of the http adapter', () => {
  bothOnWire('an agent sends what it is given', async (make, web) => {
    const sent: unknown[] = [];
    class Watching extends Agent {
      override createConnection(...args: Parameters<Agent['createConnection']>) {
        sent.push('connected');
        return super.createConnection(...args);
      }
    }
    const httpAgent = new Watching({ keepAlive: true, maxSockets: 1 });
    const api = make({ baseURL: web.url, httpAgent });
    for (const path of ['/status/200', '/status/500', '/status/200']) await api.get(path).catch(() => {});
    httpAgent.destroy();
    return sent;
  });

  bothOnWire('a transport is asked with the same options', async (make, web) => {
    const seen: unknown[] = [];
    const transport = {
      request: (...[options, onAnswer]: Parameters<typeof httpRequest>) => {
        const { headers: _, beforeRedirects: __, agents: ___, ...rest } = options as unknown as Record<string, unknown>;
        seen.push(print(rest));
        return httpRequest(options, onAnswer as never);
      },
    };
    const { data } = await make({ baseURL: web.url, transport }).get('/status/200?a=1');
    return [seen, data];
  });

  bothOnWire('a lookup of one’s own is asked, in both its forms', async (make, web) => {
    const names: string[] = [];
    const late = async (name: string): Promise<[string, number]> => {
      names.push(name);
      return ['127.0.0.1', 4];
    };
    const called = (name: string, _: object, done: (error: null, address: string, family: number) => void) => {
      names.push(name);
      done(null, '127.0.0.1', 4);
    };
    const url = web.url.replace('127.0.0.1', 'somewhere.test').concat('/status/200');
    const ends = [];
    for (const lookup of [late, called]) {
      const { data } = await make().get(url, { lookup: lookup as never, family: 4, httpAgent: new Agent() });
      ends.push(data);
    }
    return [names, ends];
  });

  bothOnWire('a socketPath is taken', async (make) => {
    const path = join(tmpdir(), `pass-through-${process.pid}-${Math.random()}.sock`);
    await listening(
      createServer((req, res) => res.end(req.url)),
      path,
    );
    return (await make().get('http://localhost/over/a/socket', { socketPath: path })).data;
  });

  bothOnWire('a proxy is used', async (make, web) => {
    const proxied: string[] = [];
    const proxy = createServer((req, res) => {
      proxied.push(req.url ?? '');
      res.end('from the proxy');
    });
    const { port } = new URL(await listening(proxy));
    const config: AxiosRequestConfig = { proxy: { protocol: 'http', host: '127.0.0.1', port: Number(port) } };
    const { data } = await make(config).get(`${web.url}/status/200`);
    return [proxied.map((url) => url.replace(web.url, '')), data];
  });

  for (const insecureHTTPParser of [true, false]) {
    bothOnWire(
      `a malformed answer is read or refused, with insecureHTTPParser: ${insecureHTTPParser}`,
      async (make) => {
        const malformed = createTcpServer((socket) => {
          socket.on('error', () => {});
          socket.once('data', () => socket.end('HTTP/1.1 200 OK\nContent-Length: 2\n\n{}'));
        });
        const url = await listening(malformed);
        return outcomeOf(make({ insecureHTTPParser }).get(url));
      },
    );
  }

  bothOnWire('a limit of the rate is kept', async (make, web) => {
    const api = make({ baseURL: web.url, maxRate: [1e7, 1e7] });
    return [await endOf(() => api.get('/big/2000')), await endOf(() => api.post('/status/200', 'x'.repeat(2000)))];
  });
});

describe('redirects', () => {
  for (const status of [301, 302, 303, 307, 308]) {
    bothOnWire(`of ${status} are followed with the same method, body and headers`, async (make, web) => {
      const response = await make({ baseURL: web.url }).post(
        `/moved/${status}`,
        { a: 1 },
        { headers: { 'X-Own': '1' } },
      );
      const { res } = response.request as { res: { responseUrl: string } };
      return [wireFacts(response), res.responseUrl.replace(web.url, '')];
    });
  }

  bothOnWire('show a beforeRedirect of the caller’s own the same', async (make, web) => {
    const calls: unknown[] = [];
    const beforeRedirect: AxiosRequestConfig['beforeRedirect'] = (...args) => {
      const [options, details] = args;
      calls.push([args.length, options.path, Object.keys(options).sort(), details]);
      options.headers['x-added'] = 'yes';
    };
    const response = await make({ baseURL: web.url }).get('/moved/302', { beforeRedirect });
    const steady = JSON.stringify(calls).replaceAll(/"date":"[^"]*"/g, '');
    return [steady, wireFacts(response), response.config.beforeRedirect === beforeRedirect];
  });

  bothOnWire('end where a beforeRedirect of the caller’s own throws', async (make, web) => {
    const beforeRedirect = () => {
      throw new Error('not there');
    };
    return errorFacts(await failureOf(() => make({ baseURL: web.url, beforeRedirect }).get('/redirect/1')));
  });
});

describe(`the environment (axios ${axios.VERSION})`, () => {
  bothOnWire('a FormData of one’s own is made', async (make, web) => {
    class Own extends FormData {}
    const { config } = await make({ baseURL: web.url, env: { FormData: Own } }).postForm('/status/200', { a: 1 });
    return print(config.env);
  });

  if (adapters.includes('fetch')) {
    bothOnWire('a fetch of one’s own is called alike, where axios knows of such', async (make, web) => {
      const calls: unknown[] = [];
      const own = (...args: Parameters<typeof fetch>) => {
        calls.push(args.map((arg) => (arg instanceof Request ? arg.method : typeof arg)));
        return fetch(...args);
      };
      const env = { fetch: own, Request, Response } as never;
      return [await endOf(() => make({ baseURL: web.url, adapter: 'fetch', env }).get('/status/200')), calls];
    });

    bothOnWire('fetchOptions reach fetch', async (make, web) => {
      const api = make({ baseURL: web.url, adapter: 'fetch' });
      return endOf(() => api.get('/moved/302', { fetchOptions: { redirect: 'error', cache: 'no-store' } }));
    });
  }
});
