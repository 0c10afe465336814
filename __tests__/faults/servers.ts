import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ApiRequest, Fault } from 'axios-bearer/testing';
import { json, problem, type Reply, send } from '../../lib/testing/http/reply.js';
import { readRequest } from '../../lib/testing/http/request.js';
import { play } from '../../lib/testing/script/effects.js';

export interface TokenPair {
  access_token: string;
  refresh_token: string;
  expires_in: number;
}

/** What a fault is computed from. */
export interface FaultContext {
  /** What a good answer would hold. */
  fresh: TokenPair;
  /** What the client holds. */
  held: TokenPair;
  /** The URL that was asked. */
  here: string;
  /** Another origin. */
  abroad: string;
}

export type Played = Fault | ((world: FaultContext) => Fault);
export type Path = '/token' | '/videos';

/** A real server, and all requests that it received. */
async function serve(answer: (request: ApiRequest, res: ServerResponse) => unknown) {
  const received: { path: string; text: string; at: number }[] = [];
  // No idle connection is to be cut just as a client takes it up again.
  const server = createServer({ keepAliveTimeout: 60_000 }, async (req, res) => {
    const request = await readRequest(req);
    if (!request) return;
    const { path, headers, body } = request;
    received.push({ path, text: `${JSON.stringify(headers)} ${body}`, at: performance.now() });
    await answer(request, res);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received, close };
}

/** A token endpoint and a resource, each of which plays a fault for as long as it is told to, and another origin. */
export async function startServers() {
  const canaries: string[] = [];
  const canary = (kind: string) => {
    canaries.push(randomBytes(12).toString('hex'));
    return `${kind}_${canaries.at(-1)}`;
  };
  const mint = (): TokenPair => ({ access_token: canary('at'), refresh_token: canary('rt'), expires_in: 3600 });
  const held = mint();
  const fresh = mint();
  const faults: Partial<Record<string, { fault: Played; times: number }>> = {};

  // It rotates nothing: some faults lose a good answer on its way.
  const answer = ({ path, headers: { authorization = '' } }: ApiRequest): Reply => {
    if (path === '/token') return json(mint());
    if (authorization && !authorization.includes(held.access_token)) return json({ data: 'videos' });
    return problem(401, 'unauthorized', 'No live token', { 'www-authenticate': 'Bearer error="invalid_token"' });
  };
  const abroad = await serve((_, res) => send(res, json({ data: 'from abroad' })));
  const home = await serve((request, res) => {
    const script = faults[request.path];
    if (!script?.times) return send(res, answer(request));
    script.times -= 1;
    const world = { fresh, held, here: home.url + request.path, abroad: abroad.url };
    return play(typeof script.fault === 'function' ? script.fault(world) : script.fault, {
      res,
      perform: async () => answer(request),
      respond: (reply) => send(res, reply),
      begin: () => {},
    });
  });

  return {
    url: home.url,
    /** Ended: the resource refuses its access token. */
    held,
    fresh,
    /** What is in every token, and in nothing else. */
    canaries,
    at: (place: Path) => home.received.filter(({ path }) => path === place),
    abroad: abroad.received,
    break: (place: Path, fault: Played, times = Number.POSITIVE_INFINITY) => {
      faults[place] = { fault, times };
    },
    mend: () => {
      for (const place of Object.keys(faults)) delete faults[place];
    },
    close: () => {
      home.close();
      abroad.close();
    },
  };
}

export type Servers = Awaited<ReturnType<typeof startServers>>;
