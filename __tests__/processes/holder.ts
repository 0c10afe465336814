import axios from 'axios';
import {
  bearer,
  type Session,
  type SessionOptions,
  storageStore,
  type TokenSource,
  type TokenStore,
} from 'axios-bearer';
import { fileStore } from 'axios-bearer/file';
import { refreshToken } from 'axios-bearer/oauth2';
import { dieAtStep } from './die-at-step.js';
import { plainFile } from './plain-file.js';

export interface Start {
  folder: string;
  issuer: string;
  tokenEndpoint: string;
  revocationEndpoint?: string;
  clientId: string;
  options?: Partial<SessionOptions>;
  /** The control: a file without a lock, which is what many a tool has. */
  isPlain?: boolean;
}

/** A process that holds the session of a folder, and does what its parent tells it to. */
let session: Session;
let store: TokenStore;
let api = axios.create();
let isLoaded = false;
let load: Promise<string[]>;
let contest: Promise<{ won: number; lost: number }>;
/** Set: a refresh waits here before it sends anything. */
let held: Promise<void> | undefined;
let release = () => {};

const tell = (event: string) => process.send?.({ event });

async function outcomeOf(request: Promise<{ data: { owner: string } }>): Promise<string> {
  return request.then(
    ({ data }) => data.owner,
    (error) => error.code ?? String(error),
  );
}

async function writeNext(): Promise<'won' | 'lost'> {
  const { version = 0 } = (await store.read()) ?? {};
  const id = `${process.pid} ${Math.random()}`;
  const entry = await store.write({ version: version + 1, id, session: 'contest' });
  return entry.id === id ? 'won' : 'lost';
}

function sourceOf(start: Start): TokenSource {
  const source = refreshToken(start);
  return {
    ...source,
    refresh: async (token, ctx) => {
      tell('asking');
      await held;
      return source.refresh!(token, ctx);
    },
  };
}

const methods = {
  async start(start: Start) {
    store = start.isPlain ? storageStore(plainFile(start.folder)) : fileStore(start.folder);
    api = axios.create({ baseURL: start.issuer });
    session = bearer(api, { source: sourceOf(start), store, backoff: { initial: 5 }, ...start.options });
    for (const event of ['signedIn', 'refreshed', 'signedOut'] as const) session.on(event, () => tell(event));
    await session.token().catch(() => {});
  },
  get: (n = 1) => Promise.all(Array.from({ length: n }, () => outcomeOf(api.get('/resource')))),
  async load() {
    const outcomes = new Set<string>();
    isLoaded = true;
    const loop = async () => {
      while (isLoaded) outcomes.add(await outcomeOf(api.get('/resource')));
    };
    load = Promise.all([loop(), loop()]).then(() => [...outcomes]);
  },
  unload() {
    isLoaded = false;
    return load;
  },
  /** Takes the lock again and again. A write under it loses only if another process has the lock too. */
  contend() {
    isLoaded = true;
    const loop = async () => {
      const outcomes = { won: 0, lost: 0 };
      while (isLoaded) outcomes[await store.withLock(writeNext, { waitMs: 60_000, holdMs: 60_000 })] += 1;
      return outcomes;
    };
    contest = loop();
  },
  uncontend() {
    isLoaded = false;
    return contest;
  },
  token: () => session.token().catch((error) => error.code),
  refresh: () => session.refresh().then(({ accessToken }) => accessToken),
  signIn: async (tokens: object) => void (await session.signIn(tokens)),
  signOut: () => session.signOut(),
  status: () => session.state.status,
  read: () => store.read(),
  async close() {
    await session.close();
  },
  dieAtStep: (k: number) => dieAtStep(k),
  hold() {
    held = new Promise((resolve) => {
      release = resolve;
    });
  },
  go() {
    held = undefined;
    release();
  },
};

type Methods = typeof methods;
export type Call = {
  [M in keyof Methods]: (...args: Parameters<Methods[M]>) => Promise<Awaited<ReturnType<Methods[M]>>>;
};

process.on('message', async ({ id, method, args }: { id: number; method: keyof Methods; args: unknown[] }) => {
  const call = methods[method] as (...args: unknown[]) => unknown;
  try {
    process.send?.({ id, result: await call(...args) });
  } catch (error) {
    process.send?.({ id, error: String((error as Error).stack) });
  }
});
