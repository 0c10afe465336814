import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';
import { INSECURE_HOST } from './launch.js';

export interface Site {
  /** A page with the program, at whatever path; a secure context. The program alone is at `/program.js`. */
  readonly url: string;
  /** The same over plain http, where browsers have no Web Locks. */
  readonly insecureUrl: string;
  close(): void;
}

/** Serves pages that run a TypeScript program of ours. */
export async function serveProgram(entry: URL): Promise<Site> {
  const { outputFiles } = await build({
    entryPoints: [entry.pathname],
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
  });
  const program = outputFiles[0]!.text;
  const page = '<!doctype html><title>A page</title><link rel="icon" href="data:,"><script src="/program.js"></script>';
  const server = createServer((request, response) => {
    const isProgram = request.url === '/program.js';
    response.setHeader('content-type', isProgram ? 'text/javascript' : 'text/html');
    response.end(isProgram ? program : page);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    insecureUrl: `http://${INSECURE_HOST}:${port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
