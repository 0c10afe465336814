import axios from 'axios';
import { bearer, type Session, type SessionOptions, type TokenStore } from 'axios-bearer';
import { refreshToken } from 'axios-bearer/oauth2';

/** The server of a session, and how it is held. */
export interface Start {
  issuer: string;
  tokenEndpoint: string;
  revocationEndpoint?: string;
  clientId: string;
  options?: Partial<SessionOptions>;
}

// ms. After a request that has failed.
const PAUSE = 20;

async function outcomeOf(request: Promise<{ data: { owner: string } }>): Promise<string> {
  return request.then(
    ({ data }) => data.owner,
    (error) => error.code ?? String(error),
  );
}

/**
 * A session in a process or in a tab of its own, and what a test has it do from outside.
 *
 * @param tell is called with each event, and with `asking` when the source is asked and has sent nothing yet
 */
export function newHolder(tell: (event: string) => void) {
  let session: Session;
  let api = axios.create();
  let isLoaded = false;
  let load: Promise<string[]>;
  const underWay: Promise<string>[] = [];
  /** Set: a refresh waits here before it sends anything. */
  let held: Promise<void> | undefined;
  let release = () => {};

  return {
    async start(start: Start, store: TokenStore) {
      // Not the issuer: its name is one for all hosts, and its address another for each.
      const { tokenEndpoint, revocationEndpoint, clientId } = start;
      const source = refreshToken({ tokenEndpoint, revocationEndpoint, clientId });
      api = axios.create({ baseURL: start.issuer });
      session = bearer(api, {
        source: {
          ...source,
          refresh: async (token, ctx) => {
            tell('asking');
            await held;
            return source.refresh!(token, ctx);
          },
        },
        store,
        backoff: { initial: 5 },
        ...start.options,
      });
      for (const event of ['signedIn', 'refreshed', 'signedOut'] as const) session.on(event, () => tell(event));
      await session.token().catch(() => {});
    },
    get: (n = 1) => Promise.all(Array.from({ length: n }, () => outcomeOf(api.get('/resource')))),
    async load() {
      const outcomes = new Set<string>();
      isLoaded = true;
      const loop = async (_: unknown, i: number) => {
        while (isLoaded) {
          underWay[i] = outcomeOf(api.get('/resource'));
          const outcome = (await underWay[i])!;
          outcomes.add(outcome);
          // What fails at once would leave no room for what it waits for.
          if (outcome.startsWith('ERR_')) await new Promise((resolve) => setTimeout(resolve, PAUSE));
        }
      };
      load = Promise.all([0, 1].map(loop)).then(() => [...outcomes]);
    },
    /** Resolves when the requests of the load that are under way now have been answered. */
    async answered() {
      await Promise.all(underWay);
    },
    unload() {
      isLoaded = false;
      return load;
    },
    token: () => session.token().catch((error) => error.code),
    refresh: () => session.refresh().then(({ accessToken }) => accessToken),
    signIn: async (tokens: object) => void (await session.signIn(tokens)),
    signOut: () => session.signOut(),
    status: () => session.state.status,
    close: () => session.close(),
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
}

type Methods = Record<string, (...args: never[]) => unknown>;

/** The methods of a holder, as they are called from another process. */
export type Remote<M extends Methods> = {
  [K in keyof M]: (...args: Parameters<M[K]>) => Promise<Awaited<ReturnType<M[K]>>>;
};

/**
 * A holder elsewhere, as if it were here.
 *
 * @param own what is done here
 * @param call has a method called over there, for all the rest
 */
export function remote<H extends object>(
  own: Partial<H>,
  call: (method: string, args: unknown[]) => Promise<unknown>,
): H {
  const get = (_: object, name: string) => {
    if (name in own) return Reflect.get(own, name);
    // It is awaited, and must not be taken for a promise.
    return name === 'then' ? undefined : (...args: unknown[]) => call(name, args);
  };
  return new Proxy(own, { get }) as H;
}
