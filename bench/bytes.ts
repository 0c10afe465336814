import axios, { type AxiosInstance } from 'axios';
import { bearer, createSession, type Session } from 'axios-bearer';
import { all, baseURL } from './cases/case.js';
import { Server } from './server.js';

// Runs as a process of its own, with a young generation so large that nothing is collected meanwhile.

const REQUESTS = 1_500;
const WAITING = 3_000;
const SESSIONS = 4_000;
const ROUNDS = 9;
const WARMUPS = 30;

const gc = globalThis.gc as () => void;
const heap = () => process.memoryUsage().heapUsed;

/** What a request allocates on its way, in bytes. */
async function perRequest(install: (api: AxiosInstance, server: Server) => void): Promise<number> {
  const server = new Server();
  const api = axios.create({ baseURL, adapter: server.adapter });
  install(api, server);
  const send = async () => {
    for (let sent = 0; sent < REQUESTS; sent++) await api.get('/videos');
  };
  for (let round = 0; round < WARMUPS; round++) await send();
  const rounds: number[] = [];
  while (rounds.length < ROUNDS) {
    gc();
    const before = heap();
    await send();
    rounds.push((heap() - before) / REQUESTS);
  }
  return rounds.sort((a, b) => a - b)[ROUNDS >> 1] as number;
}

/** What a request holds that is under way on bare axios, in bytes. */
async function perUnderWay(): Promise<number> {
  let answer!: () => void;
  const isAnswered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const server = new Server();
  const api = axios.create({ baseURL, adapter: (config) => isAnswered.then(() => server.adapter(config)) });
  api.defaults.headers.common.Authorization = `Bearer ${server.token}`;
  return heldByRequests(api, answer);
}

/** In bytes, of each. @param isUnderWay resolves when all of them wait */
async function heldByRequests(api: AxiosInstance, answer: () => void, isUnderWay?: Promise<void>): Promise<number> {
  gc();
  const before = heap();
  const requests = all(WAITING, api);
  await isUnderWay;
  await new Promise(setImmediate);
  gc();
  const held = (heap() - before) / WAITING;
  answer();
  await Promise.all(requests);
  return held;
}

/** What an instance of axios holds, in bytes. */
function perInstance(): number {
  const instances = new Array<AxiosInstance>(SESSIONS);
  for (let made = 0; made < 100; made++) axios.create({ baseURL });
  gc();
  const before = heap();
  for (let made = 0; made < SESSIONS; made++) instances[made] = axios.create({ baseURL });
  gc();
  return (heap() - before) / instances.length;
}

/** What a request holds while it waits for a refresh, in bytes. */
async function perWaiting(tokens: { access_token: string; expires_in: number }): Promise<number> {
  const server = new Server();
  const api = axios.create({ baseURL, adapter: server.adapter });
  let asked!: () => void;
  let answer!: () => void;
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const isAnswered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const source = async () => {
    asked();
    await isAnswered;
    return server.token;
  };
  bearer(api, { source, tokens });
  return heldByRequests(api, answer, isAsked);
}

/** What a session holds that has nothing to do, in bytes, its tokens of 44 letters included. */
async function perSession(refreshed: boolean): Promise<number> {
  let minted = 0;
  // Read from JSON, as a server's answer is: a text that was put together would be larger.
  const source = async () => {
    const serial = String(++minted).padStart(8, '0');
    const [access_token, refresh_token] = ['a', 'r'].map((kind) => serial.padStart(44, kind));
    return JSON.parse(JSON.stringify({ access_token, refresh_token, expires_in: 3_600 }));
  };
  const start = async () => {
    const session = createSession({ source, tokens: await source() });
    if (refreshed) await session.refresh();
    return session;
  };
  // The first ones bring the code.
  for (let made = 0; made < 100; made++) await start();
  const all = new Array<Session>(SESSIONS);
  gc();
  const before = heap();
  for (let made = 0; made < SESSIONS; made++) all[made] = await start();
  gc();
  const held = (heap() - before) / SESSIONS;
  for (const session of all) await session.close();
  return held;
}

const bare = await perRequest((api, { token }) => {
  api.defaults.headers.common.Authorization = `Bearer ${token}`;
});
const ours = await perRequest((api, { token }) => {
  bearer(api, { source: async () => token, tokens: { access_token: token, expires_in: 3_600 } });
});
console.log(
  JSON.stringify({
    bare,
    underWay: await perUnderWay(),
    instance: perInstance(),
    added: ours - bare,
    revoked: await perWaiting({ access_token: 'revoked', expires_in: 3_600 }),
    expired: await perWaiting({ access_token: 'ended', expires_in: -1 }),
    session: await perSession(false),
    refreshed: await perSession(true),
  }),
);
