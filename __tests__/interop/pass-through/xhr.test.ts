import './browser.js';
import { describe } from '@jest/globals';
import type { AxiosProgressEvent, AxiosRequestConfig } from 'axios';
import { both } from './compare.js';
import { endOf, wireFacts } from './facts.js';
import { NOWHERE } from './server.js';

describe('the adapter of browsers, on happy-dom’s XMLHttpRequest', () => {
  const rows: Record<string, [path: string, config?: AxiosRequestConfig]> = {
    'a 200': ['/status/200'],
    'a 404': ['/status/404'],
    'a 401': ['/status/401'],
    'an abort': ['/hang', { signal: AbortSignal.timeout(20) }],
    text: ['/latin1', { responseType: 'text' }],
  };
  for (const [name, [url, config]] of Object.entries(rows)) {
    both(`${name} ends alike`, (make, web) => endOf(() => make({ baseURL: web.url, adapter: 'xhr' }).get(url, config)));
  }

  both('a refused connection fails alike', (make) => endOf(() => make({ adapter: 'xhr' }).get(NOWHERE)));

  both('bodies and headers are sent alike', async (make, web) => {
    const api = make({ baseURL: web.url, adapter: 'xhr' });
    const bodies = [{ a: 1 }, 'text', new URLSearchParams({ a: '1' }), undefined];
    return Promise.all(
      bodies.map(async (data) => wireFacts(await api.post('/echo', data, { headers: { 'X-Own': '1' } }))),
    );
  });

  both('a download tells of its progress', async (make, web) => {
    const events: AxiosProgressEvent[] = [];
    await make({ baseURL: web.url, adapter: 'xhr' }).get('/big/1000', {
      onDownloadProgress: (event) => events.push(event),
    });
    return events.at(-1)?.loaded;
  });
});
