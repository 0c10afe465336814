import type { AxiosError, AxiosInstance, AxiosResponse } from 'axios';

/** What a plugin's interceptors and transforms were called with. */
export interface Observed {
  requests: number;
  /** Statuses. */
  answers: number[];
  failures: (number | string)[];
  /** How often a body went through its request transform. */
  bodies: number;
}

type Handler = ((value: never) => unknown) | null | undefined;
type Manager = { use: (fulfilled?: Handler, rejected?: Handler, options?: object) => number };
type See<V> = (value: V) => void;

/** Installs a plugin on `api`, and counts the calls of the handlers that it adds. */
export function observe(api: AxiosInstance, install: (api: AxiosInstance) => unknown): Observed {
  const observed: Observed = { requests: 0, answers: [], failures: [], bodies: 0 };
  const { request, response } = api.interceptors as unknown as Record<'request' | 'response', Manager>;
  const onFailure = (error: AxiosError) => observed.failures.push(error.response?.status ?? String(error.code));
  const uncount = [
    countUses(request, () => observed.requests++, onFailure),
    countUses(response, ({ status }: AxiosResponse) => observed.answers.push(status), onFailure),
  ];
  const before = transformsOf(api);
  install(api);
  for (const stop of uncount) stop();
  api.defaults.transformRequest = transformsOf(api).map((transform) =>
    before.includes(transform) ? transform : tap(transform, () => observed.bodies++),
  );
  return observed;
}

function countUses(manager: Manager, onValue: See<never>, onError: See<never>): () => void {
  const { use } = manager;
  manager.use = (fulfilled, rejected, options) =>
    use.call(manager, fulfilled && tap(fulfilled, onValue), rejected && tap(rejected, onError), options);
  return () => void Reflect.deleteProperty(manager, 'use');
}

function tap<T extends (...args: never[]) => unknown>(handler: T, see: See<never>): T {
  return function (this: unknown, ...args: Parameters<T>) {
    see(args[0] as never);
    return handler.apply(this, args);
  } as T;
}

function transformsOf(api: AxiosInstance) {
  return [api.defaults.transformRequest ?? []].flat();
}
