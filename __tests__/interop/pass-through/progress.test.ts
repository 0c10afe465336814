import { describe } from '@jest/globals';
import type { AxiosProgressEvent } from 'axios';
import { adapters, onAdapters } from '../../support/kit.js';
import { atHand, both, bothOnWire, type Run, signedOut } from './compare.js';

const SIZE = 300_000;

/** What must come out the same however often the events come: what adds up, and what each event is like. */
function facts(events: AxiosProgressEvent[]): unknown {
  const last = events.at(-1);
  const { loaded, total, progress, lengthComputable, upload, download } = last ?? ({} as AxiosProgressEvent);
  return {
    some: events.length > 0,
    bytes: events.reduce((sum, event) => sum + event.bytes, 0),
    growing: events.every((event, n) => n === 0 || event.loaded > events[n - 1]!.loaded),
    shape: last && Object.keys(last),
    last: { loaded, total, progress, lengthComputable, upload, download },
    event: last?.event?.constructor?.name,
  };
}

describe(`progress (${onAdapters})`, () => {
  for (const adapter of adapters) {
    bothOnWire(`of an upload (${adapter})`, async (make, web) => {
      const events: AxiosProgressEvent[] = [];
      const api = make({ baseURL: web.url, adapter });
      await api.post('/status/200', 'x'.repeat(SIZE), { onUploadProgress: (event) => events.push(event) });
      return facts(events);
    });

    const download =
      (path: string): Run =>
      async (make, web) => {
        const events: AxiosProgressEvent[] = [];
        const api = make({ baseURL: web.url, adapter, onDownloadProgress: (event) => events.push(event) });
        await api.get(path, { validateStatus: () => true });
        return facts(events);
      };
    for (const path of [`/big/${SIZE}`, '/packed/gzip', '/status/500']) {
      bothOnWire(`of a download of ${path} (${adapter})`, download(path));
    }
    // With a token just made it is sent again, and its caller sees that progress too.
    both(`of a download of /status/401 (${adapter})`, download('/status/401'), [signedOut, atHand]);

    bothOnWire(`of both at once, each to its own (${adapter})`, async (make, web) => {
      const up: AxiosProgressEvent[] = [];
      const down: AxiosProgressEvent[] = [];
      const api = make({ baseURL: web.url, adapter });
      await api.post('/status/201', 'x'.repeat(SIZE), {
        onUploadProgress: (event) => up.push(event),
        onDownloadProgress: (event) => down.push(event),
      });
      return [facts(up), facts(down)];
    });
  }
});
