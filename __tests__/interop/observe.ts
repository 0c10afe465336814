import type { AxiosError, AxiosInstance, AxiosResponse } from 'axios';

/** What a neighbour's interceptors and transforms got to see. */
export interface Sight {
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

/** Lets a neighbour move in, and counts whatever comes by the handlers that it brings. */
export function watch(api: AxiosInstance, moveIn: (api: AxiosInstance) => unknown): Sight {
  const sight: Sight = { requests: 0, answers: [], failures: [], bodies: 0 };
  const { request, response } = api.interceptors as unknown as Record<'request' | 'response', Manager>;
  const onFailure = (error: AxiosError) => sight.failures.push(error.response?.status ?? String(error.code));
  const uncount = [
    countUses(request, () => sight.requests++, onFailure),
    countUses(response, ({ status }: AxiosResponse) => sight.answers.push(status), onFailure),
  ];
  const before = transformsOf(api);
  moveIn(api);
  for (const stop of uncount) stop();
  api.defaults.transformRequest = transformsOf(api).map((transform) =>
    before.includes(transform) ? transform : tap(transform, () => sight.bodies++),
  );
  return sight;
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
