import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { deferred } from '../support/kit.js';

const PAGE = '<!doctype html><title>A tab</title><script src="/tab.js"></script>';
/** A path that is not answered before the test says so. */
export const STILL = '/still';

/** An origin with a page at every path, which loads the program. */
export async function serveTabs(program: string) {
  let still = { arrived: deferred(), released: deferred() };
  const server = createServer(async ({ url }, response) => {
    if (url === STILL) {
      still.arrived.resolve();
      await still.released.promise;
    }
    const isProgram = url === '/tab.js';
    response.setHeader('Content-Type', isProgram ? 'text/javascript' : 'text/html');
    response.end(isProgram ? program : PAGE);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Called before the next request to `STILL`. */
    holdStill() {
      still = { arrived: deferred(), released: deferred() };
      return { arrived: still.arrived.promise, release: () => still.released.resolve() };
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
