import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { json } from 'node:stream/consumers';
import type { LeaseEngine, LeaseRow } from 'axios-bearer/lease';

/** Rows in memory, by name, with hints. */
export class Rows {
  readonly #rows = new Map<string, LeaseRow>();
  readonly #listeners = new Map<() => void, string>();
  /** Nobody hears a hint meanwhile. */
  isDeaf = false;

  get(name: string): LeaseRow | undefined {
    return this.#rows.get(name);
  }

  /** @returns did it write? */
  put(name: string, next: LeaseRow, expected: string | undefined): boolean {
    if (this.#rows.get(name)?.revision !== expected) return false;
    this.#rows.set(name, { ...next });
    this.tell(name);
    return true;
  }

  /** Another program has written there. */
  corrupt(name: string, value: string): void {
    this.#rows.set(name, { revision: `another${Math.random()}`, value });
  }

  delete(name: string): void {
    this.#rows.delete(name);
  }

  tell(name: string): void {
    if (this.isDeaf) return;
    for (const [changed, of] of this.#listeners) if (of === name) setImmediate(changed);
  }

  listen(name: string, changed: () => void): () => void {
    const listener = () => this.#listeners.has(listener) && changed();
    this.#listeners.set(listener, name);
    return () => void this.#listeners.delete(listener);
  }

  /** As one holder has it: it can be cut off from it. */
  engine(name: string): LeaseEngine & { isCutOff: boolean } {
    const engine = {
      isCutOff: false,
      read: async () => {
        await turn(engine);
        return this.get(name);
      },
      write: async (next: LeaseRow, expected: string | undefined) => {
        await turn(engine);
        return this.put(name, next, expected);
      },
      subscribe: (changed: () => void) => this.listen(name, changed),
    };
    return engine;
  }
}

async function turn(engine: { isCutOff: boolean }): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  if (engine.isCutOff) throw new Error('cut off');
}

/** What becomes of a request for a row: it is answered, or done though nobody hears of it, or it hangs until it is let go. */
type Fate = 'answered' | 'lost' | { until: Promise<unknown> };

/** A key-value service over HTTP, as many are: `GET`, and `PUT` with `If-Match` or `If-None-Match` (RFC 9110 §13.1). */
export interface ConditionalPutServer {
  readonly url: string;
  readonly rows: Rows;
  /** Asked for each request. */
  fate(method: string, row: LeaseRow | undefined): Fate;
  /** Nobody listens, and open connections are cut. */
  stop(): Promise<void>;
  /** On the same port, with the same rows. */
  start(): Promise<void>;
}

export async function startConditionalPut(): Promise<ConditionalPutServer> {
  const rows = new Rows();
  const sockets = new Set<Socket>();
  let server: Server | undefined;
  let port = 0;
  const service: ConditionalPutServer = {
    get url() {
      return `http://127.0.0.1:${port}`;
    },
    rows,
    fate: () => 'answered',
    async start() {
      server = createServer((request, response) => void answer(service, request, response));
      server.on('connection', (socket) => {
        sockets.add(socket);
        socket.on('close', () => sockets.delete(socket));
      });
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      port = (server.address() as AddressInfo).port;
    },
    async stop() {
      const closed = once(server!, 'close');
      server!.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
  await service.start();
  return service;
}

async function answer(service: ConditionalPutServer, request: IncomingMessage, response: ServerResponse) {
  const { method = '', url = '', headers } = request;
  const name = decodeURIComponent(url.slice(1));
  const next = method === 'PUT' ? ((await json(request)) as LeaseRow) : undefined;
  const fate = service.fate(method, next);
  if (typeof fate === 'object') await fate.until;
  const found = service.rows.get(name);
  const expected = headers['if-none-match'] ? undefined : headers['if-match']?.replaceAll('"', '');
  const status = next ? (service.rows.put(name, next, expected) ? 204 : 412) : found ? 200 : 404;
  if (fate === 'lost') return void request.socket.destroy();
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(next || !found ? '' : JSON.stringify(found));
}

/** The row of that name there. */
export function httpEngine(url: string, name: string): LeaseEngine {
  const address = `${url}/${encodeURIComponent(name)}`;
  return {
    async read() {
      const response = await fetch(address);
      if (response.status === 404) return undefined;
      if (!response.ok) throw new Error(`The service answered ${response.status}`);
      return (await response.json()) as LeaseRow;
    },
    async write(next, expected) {
      const condition: Record<string, string> =
        expected === undefined ? { 'if-none-match': '*' } : { 'if-match': `"${expected}"` };
      const response = await fetch(address, { method: 'PUT', body: JSON.stringify(next), headers: condition });
      if (response.status === 412) return false;
      if (!response.ok) throw new Error(`The service answered ${response.status}`);
      return true;
    },
  };
}
