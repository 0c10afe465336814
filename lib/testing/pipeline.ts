import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Visitor } from './http/door.js';
import { problem, type Reply, send } from './http/reply.js';
import { type ApiRequest, readRequest, splitUrl } from './http/request.js';
import type { Settings } from './options.js';
import { play } from './script/effects.js';
import type { Faults } from './script/faults.js';
import type { Holds } from './script/holds.js';
import { wait } from './script/real-time.js';
import { isTokenEndpoint, type Ledger, type OpenEntry } from './state/ledger.js';

/** What a request passes on its way. */
export interface Stations {
  settings: Settings;
  ledger: Ledger;
  holds: Holds;
  faults: Faults;
  identify(request: ApiRequest): Visitor;
  route(request: ApiRequest, visitor: Visitor): Promise<Reply>;
}

/** Called once per server: the way of every request. Arrive, read, wait at holds, be judged, fault or work, answer. */
export function createPipeline(stations: Stations): RequestListener {
  return (req, res) => {
    const [path] = splitUrl(req);
    const entry = stations.ledger.arrive(stations.settings.now(), req.method ?? 'GET', path);
    res.once('close', () => stations.ledger.leave());
    const respond = (reply: Reply) => answer(stations, entry, res, reply);
    // Only a test's own predicate can throw here; its author should read why.
    travel(stations, entry, req, res).catch((error) => respond(problem(500, 'internal-error', String(error))));
  };
}

async function travel(stations: Stations, entry: OpenEntry, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const request = await readRequest(req);
  if (!request) return;
  await stations.holds.pass(request, res);
  if (res.destroyed) return;
  const visitor = stations.identify(request);
  stations.ledger.identified(entry, visitor);
  const perform = () => stations.route(request, visitor);
  const respond = (reply: Reply) => answer(stations, entry, res, reply);
  const fault = stations.faults.take(request);
  if (!fault) return respond(await late(stations.settings, request, perform));
  stations.ledger.stats.faulted += 1;
  const begin = (status: number) => {
    entry.status = status;
  };
  return play(fault, { res, perform, respond, begin });
}

// The work first and the waiting after it, as on a slow network: a 401 can then come late, and a rotation be lost.
async function late({ latency, refreshLatency }: Settings, request: ApiRequest, perform: () => Promise<Reply>) {
  const reply = await perform();
  await wait(isTokenEndpoint(request.path) ? refreshLatency : latency);
  return reply;
}

function answer({ ledger }: Stations, entry: OpenEntry, res: ServerResponse, reply: Reply): void {
  if (res.destroyed || res.headersSent) return;
  ledger.answered(entry, reply.status);
  send(res, reply);
}
