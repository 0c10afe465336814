import { AxiosError, CanceledError } from 'axios';
import { monotonicNow, startTimer, unlessLeft } from '../platform/deadline.js';
import type { Config } from './config.js';
import type { Exchange } from './exchange.js';

/** What axios's cancel token offers its adapters, beyond its types. */
interface Subscribable {
  reason?: unknown;
  subscribe?(listener: () => void): void;
  unsubscribe?(listener: () => void): void;
}

/** Can anything end its waiting? */
export function isCancelable({ signal, cancelToken, timeout }: Config): boolean {
  return Boolean(signal || cancelToken || timeout);
}

/** Called with the reason why a waiting ends before the work. */
type End = (reason: unknown) => void;

/**
 * Settles like `work`, unless the request's abort signal, cancel token or timeout comes first: that ends the waiting the
 * way it would end the request. It never ends the work.
 *
 * @param since ms by the monotonic clock, from when `timeout` counts. Default: now.
 * @param left called when the waiting ends before the work
 */
export function withCancellation<T>(
  work: PromiseLike<T>,
  config: Config,
  since = monotonicNow(),
  left?: () => void,
): Promise<T> {
  if (!isCancelable(config)) return work as Promise<T>;
  return unlessLeft(work, (leave) => watchRequest(config, since, ending(leave, left)));
}

function ending(leave: End, left: (() => void) | undefined): End {
  return (reason) => {
    left?.();
    leave(reason);
  };
}

/** @returns the way to stop */
function watchRequest(config: Config, since: number, end: End): () => void {
  const { signal } = config;
  const cancelToken = config.cancelToken as Subscribable | undefined;
  const abort = () => end(new CanceledError(undefined, config));
  const cancel = () => end(cancelToken?.reason);
  const timer = timeoutTimer(config, since, () => end(timeoutError(config)));
  signal?.addEventListener?.('abort', abort);
  cancelToken?.subscribe?.(cancel);
  if (signal?.aborted) abort();
  return () => {
    timer?.stop();
    signal?.removeEventListener?.('abort', abort);
    cancelToken?.unsubscribe?.(cancel);
  };
}

/** ms until the timeout of a request ends its waiting. */
export function patienceOf({ timeout }: Config, since: number): number {
  // Axios takes a text for it too, and tells at the wire what it can't read.
  const ms = Number.parseInt(String(timeout), 10);
  return ms > 0 ? Math.max(0, since + ms - monotonicNow()) : Number.POSITIVE_INFINITY;
}

function timeoutTimer(config: Config, since: number, fire: () => void) {
  const patience = patienceOf(config, since);
  if (patience === Number.POSITIVE_INFINITY) return undefined;
  const timer = startTimer(patience, fire);
  timer.keepAlive(true);
  return timer;
}

function timeoutError(config: Config): AxiosError {
  const { timeout, timeoutErrorMessage, transitional } = config;
  const code = transitional?.clarifyTimeoutError ? AxiosError.ETIMEDOUT : AxiosError.ECONNABORTED;
  return new AxiosError(timeoutErrorMessage || `timeout of ${timeout}ms exceeded`, code, config);
}

/**
 * Settles like `work`, which the app does and which has no bound of ours, unless the request is canceled, or the user that
 * it is sent for is signed in no more: that ends the waiting.
 *
 * @param left called when the waiting ends before the work
 */
export function whileWanted<T>(exchange: Exchange, work: Promise<T>, left?: () => void): Promise<T> {
  const { config, since } = exchange;
  return unlessLeft(work, (leave) => {
    const end = ending(leave, left);
    const stopWatchingRequest = watchRequest(config, since, end);
    const stopWatchingUser = watchUser(exchange, end);
    return () => {
      stopWatchingRequest();
      stopWatchingUser?.();
    };
  });
}

/** @returns the way to stop */
function watchUser({ requests, sent }: Exchange, end: End): (() => void) | undefined {
  if (!sent) return undefined;
  return requests.life.snapshot.subscribe(() => {
    try {
      requests.assertSame(sent);
    } catch (error) {
      end(error);
    }
  });
}

/** As axios does after an adapter, which may know of neither. */
export function throwIfCanceled(config: Config): void {
  config.cancelToken?.throwIfRequested();
  if (config.signal?.aborted) throw new CanceledError(undefined, config);
}

/** Canceled before it was sent: axios throws, and older versions run no response interceptor then. */
export function isCanceled({ signal, cancelToken }: Config): boolean {
  return Boolean(signal?.aborted || cancelToken?.reason);
}
