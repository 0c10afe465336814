import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';

export interface PlainServer {
  url: string;
  close(): Promise<void>;
}

/** Refuses connections. A port that was free a moment ago may be somebody's by now; this one is nobody's. */
export const NOWHERE = 'http://127.0.0.1:1023';

/** What a request was on the wire, as `/echo` tells it. */
export interface EchoedRequest {
  method: string;
  url: string;
  /** Names as they were written, in their order. */
  headers: [name: string, value: string][];
  body: string;
}

type Answer = (res: ServerResponse, rest: string, req: IncomingMessage) => unknown;

const TEXT = 'one and one and one and one';
const compressed = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync };

const answers: Record<string, Answer> = {
  echo: async (res, _, req) => json(res, 200, await wireOf(req)),
  status: (res, status) => json(res, Number(status), { status: Number(status) }),
  big: (res, size) => res.writeHead(200, { 'content-length': size }).end('x'.repeat(Number(size))),
  packed: (res, coding) => {
    res.writeHead(200, { 'content-encoding': coding, 'content-type': 'text/plain' });
    res.end(compressed[coding as keyof typeof compressed](TEXT));
  },
  redirect: (res, times) => {
    const left = Number(times) - 1;
    res.writeHead(302, { location: left > 0 ? `/redirect/${left}` : '/status/200' }).end();
  },
  moved: (res, status) => res.writeHead(Number(status), { location: '/echo/end' }).end(),
  broken: (res) => {
    res.writeHead(200, { 'content-length': 1000 }).write('half', () => setImmediate(() => res.destroy()));
  },
  'bad-json': (res) => res.writeHead(200, { 'content-type': 'application/json' }).end('{"cut":'),
  latin1: (res) => res.end(Buffer.from('déjà vu', 'latin1')),
  empty: (res) => res.writeHead(204).end(),
  cookies: (res) => res.writeHead(200, { 'set-cookie': ['a=1', 'b=2'], 'X-Upper': 'Yes' }).end('ok'),
  hang: () => {},
};

function json(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function wireOf(req: IncomingMessage): Promise<EchoedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  const { method = '', url = '', rawHeaders } = req;
  const headers: EchoedRequest['headers'] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) headers.push([rawHeaders[i]!, rawHeaders[i + 1]!]);
  return { method, url, headers, body: Buffer.concat(chunks).toString('latin1') };
}

async function listen(handle: (req: IncomingMessage, res: ServerResponse) => void) {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close };
}

/** A server with something of everything. */
export async function startPlainServer(): Promise<PlainServer> {
  return listen((req, res) => {
    const [name = '', rest = ''] = (req.url ?? '').slice(1).split(/[/?]/);
    const answer = answers[name];
    if (!answer) return json(res, 404, { error: 'no such route' });
    // Whose request breaks off gets no answer.
    Promise.resolve(answer(res, rest, req)).catch(() => {});
  });
}
