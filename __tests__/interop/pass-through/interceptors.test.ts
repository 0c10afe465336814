import { describe } from '@jest/globals';
import { AxiosError, type AxiosInstance, type AxiosRequestConfig, type InternalAxiosRequestConfig } from 'axios';
import { both, ready } from './compare.js';
import { answering, answerOf, type Config, endOf, print, responseFacts, spying } from './facts.js';

type Manager = { handlers: unknown; forEach(visit: (handler: unknown) => void): void };
const managers = ({ interceptors }: AxiosInstance) => Object.values(interceptors) as unknown as Manager[];
const pass = <T>(value: T) => value;
const thrower = () => {
  throw new Error('of an interceptor');
};

/** Judges its 401 by the config, as axios's own adapters do. */
const refusing: AxiosRequestConfig['adapter'] = async (config) => {
  const answer = answerOf(config, { status: 401 });
  if (config.validateStatus?.(401)) return answer;
  throw new AxiosError('Request failed with status code 401', 'ERR_BAD_REQUEST', config, {}, answer);
};

describe('the tick a request leaves in', () => {
  const rows: Record<string, (api: AxiosInstance) => unknown> = {
    'no interceptor': () => {},
    'a synchronous one': (api) => api.interceptors.request.use(pass, undefined, { synchronous: true }),
    'an asynchronous one': (api) => api.interceptors.request.use(pass),
    'one that is not synchronous, and does not run': (api) =>
      api.interceptors.request.use(pass, undefined, { runWhen: () => false }),
    'one that was ejected': (api) => api.interceptors.request.eject(api.interceptors.request.use(pass)),
    'both kinds': (api) => {
      api.interceptors.request.use(pass, undefined, { synchronous: true });
      api.interceptors.request.use(pass);
    },
  };
  for (const [name, register] of Object.entries(rows)) {
    both(
      `is the caller’s own or a later one, as without us: ${name}`,
      async (make) => {
        const api = make();
        register(api);
        const seen: Config[] = [];
        const data = { n: 1 };
        const answer = api.post('http://x/', data, { adapter: spying(seen) });
        const atOnce = seen.length;
        data.n = 2;
        await answer;
        return [atOnce, seen[0]?.data];
      },
      ready,
    );
  }

  both(
    'a synchronous interceptor that throws has its own handler called, and the request sent or not, as without us',
    async (make) => {
      const api = make();
      const seen: Config[] = [];
      const handled: unknown[] = [];
      api.interceptors.request.use(thrower, (error) => handled.push(error.message), { synchronous: true });
      const end = await endOf(() => api.get('http://x/', { adapter: spying(seen) }));
      return [handled, seen.length, end];
    },
    ready,
  );

  both(
    'a synchronous interceptor that throws, with no handler, fails alike',
    async (make) => {
      const api = make();
      const seen: Config[] = [];
      api.interceptors.request.use(thrower, null, { synchronous: true });
      return [await endOf(() => api.get('http://x/', { adapter: spying(seen) })), seen.length];
    },
    ready,
  );
});

describe('the managers', () => {
  both('list, number, eject and clear what others register', async (make) => {
    const api = make({ adapter: answering });
    const { request, response } = api.interceptors;
    const called: string[] = [];
    const tag =
      (name: string) =>
      <T>(value: T) => {
        called.push(name);
        return value;
      };
    const ids = [request.use(tag('a')), request.use(tag('b')), request.use(tag('c'))];
    const others = [response.use(tag('x')), response.use(tag('y'))];
    request.eject(ids[1]!);
    response.eject(others[0]!);
    await api.get('http://x/');
    request.eject(99);
    request.clear();
    response.clear();
    await api.get('http://x/');
    const left = managers(api).map(({ handlers }) => (handlers as unknown[]).length);
    return [called, ids.map((id) => id - ids[0]!), others.map((id) => id - others[0]!), left];
  });

  for (const [name, handlers] of Object.entries({ 'an empty list': [], null: null, 'a Map': new Map() })) {
    both(`may be emptied by hand, with ${name}`, async (make) => {
      const api = make({ adapter: answering });
      for (const manager of managers(api)) manager.handlers = handlers;
      return endOf(() => api.get('http://x/'));
    });
  }

  both('show each of them once to who walks them', async (make) => {
    const api = make();
    const mine = [() => {}, () => {}];
    for (const each of mine) api.interceptors.request.use(each as never);
    const visited: unknown[] = [];
    managers(api)[0]?.forEach((handler) => void visited.push(handler));
    return [visited.length > 1, new Set(visited).size === visited.length];
  });
});

describe('requests within requests', () => {
  const places: Record<string, (api: AxiosInstance, send: () => void) => unknown> = {
    'in runWhen': (api, send) => {
      const runWhen = () => {
        send();
        return true;
      };
      api.interceptors.request.use(pass, null, { synchronous: true, runWhen });
    },
    'in a synchronous interceptor': (api, send) => {
      const handle = (config: InternalAxiosRequestConfig) => {
        send();
        return config;
      };
      api.interceptors.request.use(handle, null, { synchronous: true });
    },
    'in a response interceptor': (api, send) =>
      api.interceptors.response.use(pass, (error) => {
        send();
        throw error;
      }),
  };
  for (const [name, register] of Object.entries(places)) {
    both(`each come to their own end: another is sent ${name}`, async (make) => {
      const api = make();
      let inner: Promise<unknown> | undefined;
      let sent = false;
      register(api, () => {
        if (sent) return;
        sent = true;
        inner = endOf(() => api.get('http://x/inner', { adapter: answering }));
      });
      const outer = await endOf(() => api.get('http://x/outer', { adapter: refusing }));
      return [outer, await inner];
    });
  }

  both('an adapter may be another instance with the same on it', async (make) => {
    const inner = make({ adapter: answering });
    const outer = make({ adapter: (config) => inner.request({ ...config, adapter: answering, data: 'inner' }) });
    return responseFacts(await outer.get('http://x/'));
  });
});

describe('what interceptors make of answers', () => {
  both('unwraps, replaces and recovers alike', async (make) => {
    const api = make({ adapter: answering });
    const { response } = api.interceptors;
    response.use((answer) => ({ ...answer, data: { wrapped: answer.data } }));
    response.use((answer) => answer.data);
    response.use(() => Promise.reject(new Error('on purpose')));
    response.use(pass, (error) => [error.message] as never);
    response.use(async (answer) => [answer, 'late'] as never);
    return print(await api.get('http://x/'));
  });
});
