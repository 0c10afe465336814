import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ApiVideo, startApiVideo } from 'axios-bearer/testing';
import { build } from 'esbuild';
import { forward } from '../../examples/shared/forward.js';

/** No text becomes markup, no script runs but the page's files, no style stands in the markup. */
const POLICY =
  "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'none'; img-src data:; require-trusted-types-for 'script'";
const STRICT = { 'content-security-policy': POLICY };

const PAGE = `<!doctype html><html lang="en"><title>Timeline</title><meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,"><main><h1>Page</h1><div id="place"></div><p id="below">Below</p></main>
<script src="/program.js"></script></html>`;
const WITH_AXE = PAGE.replace('<script', '<script src="/axe.js"></script><script');

export interface Site {
  /** A page with a strict Content-Security-Policy. At `/with-axe` there is none, and axe-core. */
  readonly url: string;
  /** What the page's requests come to, by way of the page's own origin. */
  readonly server: ApiVideo;
  close(): Promise<void>;
}

/** Serves a page with our program, and the API beside it. */
export async function serveTimeline(): Promise<Site> {
  const server = await startApiVideo({ latency: 40, refreshLatency: 150 });
  const files = new Map<string, [type: string, text: string]>([
    ['/', ['text/html', PAGE]],
    ['/with-axe', ['text/html', WITH_AXE]],
    ['/program.js', ['text/javascript', await programOf(new URL('./program.ts', import.meta.url))]],
    ['/axe.js', ['text/javascript', readFileSync('node_modules/axe-core/axe.min.js', 'utf8')]],
  ]);
  const site = createServer((incoming, response) => {
    const [type, text] = files.get(incoming.url ?? '') ?? [];
    if (!type) forward(incoming, response, new URL(server.url + incoming.url));
    else response.writeHead(200, { 'content-type': type, ...(text === PAGE && STRICT) }).end(text);
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  const close = async () => {
    site.close();
    site.closeAllConnections();
    await server.close();
  };
  return { url: `http://127.0.0.1:${(site.address() as AddressInfo).port}`, server, close };
}

async function programOf(entry: URL): Promise<string> {
  const options = { bundle: true, write: false, format: 'iife', target: 'es2022' } as const;
  const { outputFiles } = await build({ entryPoints: [entry.pathname], ...options });
  return outputFiles[0]!.text;
}
