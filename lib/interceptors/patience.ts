import { AxiosError, CanceledError } from 'axios';
import { monotonicNow, startTimer } from '../deadline.js';
import type { Config } from './config.js';

/** What axios's cancel token offers its adapters, beyond its types. */
interface Subscribable {
  reason?: unknown;
  subscribe?(listener: () => void): void;
  unsubscribe?(listener: () => void): void;
}

/** Can anything end its waiting? */
export function isImpatient({ signal, cancelToken, timeout }: Config): boolean {
  return Boolean(signal || cancelToken || timeout);
}

/**
 * `work`, as long as the caller has patience: abort signal, cancel token and timeout end the waiting at once, the way
 * they would end the request. They never end the work.
 *
 * @param left called when it ends the waiting
 * @param since ms by the monotonic clock, from when `timeout` counts
 */
export function patient<T>(work: Promise<T>, config: Config, since: number, left?: () => void): Promise<T> {
  const { signal } = config;
  // Axios takes a text for it too, and tells at the wire what it can't read.
  const timeout = Number.parseInt(String(config.timeout), 10);
  const cancelToken = config.cancelToken as Subscribable | undefined;
  return new Promise((resolve, reject) => {
    if (!isImpatient(config)) return work.then(resolve, reject);

    const abort = () => leave(new CanceledError(undefined, config));
    const cancel = () => leave(cancelToken?.reason);
    const rest = Math.max(0, since + timeout - monotonicNow());
    const timer = timeout > 0 ? startTimer(rest, () => leave(timeoutError(config))) : undefined;
    timer?.keepAlive(true);
    const stop = () => {
      timer?.stop();
      signal?.removeEventListener?.('abort', abort);
      cancelToken?.unsubscribe?.(cancel);
    };
    const settle = (end: () => void) => {
      stop();
      end();
    };
    const leave = (reason: unknown) => {
      left?.();
      settle(() => reject(reason));
    };
    // As many steps as above: who has a timeout must not fall behind who has none.
    work.then(
      (value) => settle(() => resolve(value)),
      (error) => settle(() => reject(error)),
    );
    signal?.addEventListener?.('abort', abort);
    cancelToken?.subscribe?.(cancel);
    if (signal?.aborted) abort();
  });
}

function timeoutError(config: Config): AxiosError {
  const { timeout, timeoutErrorMessage, transitional } = config;
  const code = transitional?.clarifyTimeoutError ? AxiosError.ETIMEDOUT : AxiosError.ECONNABORTED;
  return new AxiosError(timeoutErrorMessage || `timeout of ${timeout}ms exceeded`, code, config);
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
