import type { ServerResponse } from 'node:http';
import { bytesOf, json, problem, type Reply } from '../http/reply.js';
import type { CannedFault, Fault, ScriptedFault, WireFault } from './faults.js';
import { every, wait } from './real-time.js';

/** A request at the moment a fault hits it. */
export interface Scene {
  res: ServerResponse;
  /** Does the request's real work. */
  perform(): Promise<Reply>;
  /** Sends a whole answer. */
  respond(reply: Reply): void;
  /** Notes the status of an answer that begins and will not be whole, or not soon. */
  begin(status: number): void;
}

// A token answer cut inside its access token: a client that makes anything of it is wrong.
const HALF = '{"token_type":"Bearer","expires_in":3600,"access_token":"at_ha';
const PAGE = '<!doctype html><title>Sign in</title><p>Please sign in to the network.</p>';

const wire: Record<WireFault, (scene: Scene) => void | Promise<void>> = {
  reset: ({ res }) => cut(res),
  hang: () => {},
  lost: async ({ res, perform }) => {
    await perform();
    cut(res);
  },
  'reset-after-headers': ({ res, begin }) => {
    begin(200);
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 }).flushHeaders();
    // An empty write ends when the head before it has left the process, even on a socket that is backed up.
    res.socket?.write('', () => cut(res));
  },
  'cut-body': ({ res, begin }) => {
    begin(200);
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': HALF.length * 2 });
    res.write(HALF, () => res.socket?.destroy());
  },
};

const canned: Record<CannedFault, Reply> = {
  'truncated-json': { status: 200, headers: { 'content-type': 'application/json' }, body: HALF },
  html: { status: 200, headers: { 'content-type': 'text/html' }, body: PAGE },
  empty: { status: 204 },
};

/** Called for each request that a fault hits, in place of an ordinary answer. */
export async function play(fault: Fault, scene: Scene): Promise<void> {
  if (typeof fault === 'object') return playScripted(fault, scene);
  if (fault in canned) return scene.respond(canned[fault as CannedFault]);
  return wire[fault as WireFault](scene);
}

async function playScripted(fault: ScriptedFault, scene: Scene): Promise<void> {
  if ('json' in fault) return scene.respond(json(fault.json));
  if ('raw' in fault) return scene.respond({ ...json(null), body: fault.raw });
  if ('redirect' in fault) return scene.respond(redirect(fault.redirect, fault.status));
  if ('status' in fault) return scene.respond(withStatus(fault));
  const reply = await scene.perform();
  if ('drip' in fault) return drip(scene, reply, fault.drip);
  await wait(fault.delay);
  scene.respond(reply);
}

function redirect(location: string, status = 302): Reply {
  return { status, headers: { location } };
}

function withStatus({ status, headers, body }: Extract<ScriptedFault, { body?: unknown }>): Reply {
  const plain = body === undefined ? problem(status, 'scripted-fault', 'A test asked for this') : json(body, status);
  const reply = typeof body === 'string' ? { status, body } : plain;
  return { ...reply, headers: { ...reply.headers, ...headers } };
}

function drip({ res, begin }: Scene, reply: Reply, ms: number): void {
  if (res.destroyed) return;
  const bytes = bytesOf(reply);
  let sent = 0;
  begin(reply.status);
  res.writeHead(reply.status, { ...reply.headers, 'content-length': bytes.length });
  if (bytes.length === 0) return void res.end();
  res.flushHeaders();
  const stop = every(ms, () => {
    res.write(bytes.subarray(sent, sent + 1));
    sent += 1;
    if (sent === bytes.length) res.end();
  });
  res.once('close', stop);
}

function cut(res: ServerResponse): void {
  res.socket?.resetAndDestroy();
}
