import { expect } from '@jest/globals';
import type { AxiosInstance } from 'axios';
import type { ApiVideo } from 'axios-bearer/testing';
import { settle, until } from './deferred.js';
import { codeOf, failureOf } from './failure.js';

/** Two requests met a 401; after the refresh the gate let out one, which the server holds, and keeps the other. */
export async function oneOnTheWireOneInTheGate(server: ApiVideo, api: AxiosInstance) {
  const refresh = server.hold('/auth/refresh');
  server.fault('/echo/first', { status: 401 });
  server.fault('/echo/second', { status: 401 });
  // On its way before the refresh begins: one that starts later would be held (L2).
  const late = server.hold('/echo/second');
  const second = codeOf(api.get('/echo/second'));
  await late.arrived(1);
  const first = codeOf(api.get('/echo/first'));
  await refresh.arrived(1);
  late.release();
  await until(() => server.stats.unauthorized === 2);
  await new Promise((resolve) => setTimeout(resolve, 20));
  const replays = server.hold('/echo*');
  refresh.release();
  await replays.arrived(1);
  await settle();
  expect(replays.waiting).toBe(1);
  return { first, second, replays };
}

/** A GET that met a 401; the server holds its replay, which bears the new token. `failure`: what it ends with. */
export async function replayHeldAt(path: string, server: ApiVideo, api: AxiosInstance) {
  const refresh = server.hold('/auth/refresh');
  const failure = failureOf(api.get(path));
  await refresh.arrived(1);
  const door = server.hold(path);
  refresh.release();
  await door.arrived(1);
  return { failure, door };
}
