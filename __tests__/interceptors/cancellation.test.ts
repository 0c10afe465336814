import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import axios, { type AxiosError, CanceledError } from 'axios';
import { isCancelable, isCanceled, throwIfCanceled, withCancellation } from '../../lib/interceptors/cancellation.js';
import type { Config } from '../../lib/interceptors/config.js';
import { monotonicNow } from '../../lib/platform/deadline.js';

const never = () => new Promise<never>(() => {});
const configOf = (config: object = {}) => config as Config;
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: AxiosError) => error,
  );

afterEach(() => void jest.restoreAllMocks());

describe('a request that waits', () => {
  it.each([
    [{}, false],
    [{ timeout: 0 }, false],
    [{ timeout: 5 }, true],
    [{ signal: new AbortController().signal }, true],
    [{ cancelToken: axios.CancelToken.source().token }, true],
  ])('can be ended before its answer comes, or not: %#', (config, cancelable) => {
    expect(isCancelable(configOf(config))).toBe(cancelable);
  });

  it.each([{}, { timeout: 60_000, signal: new AbortController().signal }])(
    'gets what the work brings: %#',
    async (config) => {
      const left = jest.fn();
      expect(await withCancellation(Promise.resolve('brought'), configOf(config), monotonicNow(), left)).toBe(
        'brought',
      );
      const broken = new Error('broken');
      await expect(withCancellation(Promise.reject(broken), configOf(config), monotonicNow(), left)).rejects.toBe(
        broken,
      );
      expect(left).not.toHaveBeenCalled();
    },
  );

  it('leaves at once when its signal fires, as axios would', async () => {
    const aborter = new AbortController();
    const config = configOf({ signal: aborter.signal });
    const left = jest.fn();
    const waiting = failure(withCancellation(never(), config, monotonicNow(), left));
    expect(left).not.toHaveBeenCalled();
    aborter.abort();
    const error = (await waiting) as AxiosError;
    expect(error).toBeInstanceOf(CanceledError);
    expect([error.message, error.code, error.config]).toEqual(['canceled', 'ERR_CANCELED', config]);
    expect(left).toHaveBeenCalledTimes(1);
    expect(getEventListeners(aborter.signal, 'abort')).toHaveLength(0);
  });

  it('leaves at once when its signal has fired before', async () => {
    const config = configOf({ signal: AbortSignal.abort() });
    expect(await failure(withCancellation(never(), config, monotonicNow()))).toBeInstanceOf(CanceledError);
  });

  it('leaves with the reason of its cancel token, and listens to it no longer', async () => {
    const { token, cancel } = axios.CancelToken.source();
    const unsubscribe = jest.spyOn(token as never as { unsubscribe(): void }, 'unsubscribe');
    const waiting = failure(withCancellation(never(), configOf({ cancelToken: token }), monotonicNow()));
    cancel('enough');
    expect(((await waiting) as AxiosError).message).toBe('enough');
    expect(unsubscribe).toHaveBeenCalledTimes(1);
    const { token: other } = axios.CancelToken.source();
    await withCancellation(Promise.resolve(), configOf({ cancelToken: other }), monotonicNow());
    expect((other as never as { _listeners?: unknown[] })._listeners ?? []).toEqual([]);
  });

  it('makes do with a signal and a cancel token that can only be asked', async () => {
    const config = configOf({ signal: { aborted: false }, cancelToken: {} });
    expect(await withCancellation(Promise.resolve(1), config, monotonicNow())).toBe(1);
    expect(
      await failure(withCancellation(never(), configOf({ signal: { aborted: true } }), monotonicNow())),
    ).toBeInstanceOf(CanceledError);
  });

  it.each([
    [{ timeout: 5 }, 'ECONNABORTED', 'timeout of 5ms exceeded'],
    [{ timeout: '5' }, 'ECONNABORTED', 'timeout of 5ms exceeded'],
    [{ timeout: 5, timeoutErrorMessage: 'slow' }, 'ECONNABORTED', 'slow'],
    [{ timeout: 5, transitional: { clarifyTimeoutError: false } }, 'ECONNABORTED', 'timeout of 5ms exceeded'],
    [{ timeout: 5, transitional: { clarifyTimeoutError: true } }, 'ETIMEDOUT', 'timeout of 5ms exceeded'],
  ])('leaves when its time is over, as axios would: %j', async (settings, code, message) => {
    const config = configOf(settings);
    const left = jest.fn();
    const error = (await failure(withCancellation(never(), config, monotonicNow(), left))) as AxiosError;
    expect([error.code, error.message, error.config]).toEqual([code, message, config]);
    expect(left).toHaveBeenCalledTimes(1);
  });

  it('counts its time from when it set out', async () => {
    const set = jest.spyOn(globalThis, 'setTimeout');
    const clear = jest.spyOn(globalThis, 'clearTimeout');
    // By a clock that nobody sets.
    jest.spyOn(performance, 'now').mockReturnValue(1_000);
    jest.spyOn(Date, 'now').mockReturnValue(9_000);
    await withCancellation(Promise.resolve(), configOf({ timeout: 500 }), 900);
    await withCancellation(Promise.resolve(), configOf({ timeout: 500 }), 100);
    expect(set.mock.calls.map(([, ms]) => ms)).toEqual([400, 0]);
    expect(clear.mock.calls.map(([timer]) => timer)).toEqual(set.mock.results.map(({ value }) => value));
  });

  it.each([0, -1, 'soon', {}])('has no timer for a timeout of %j', async (timeout) => {
    const set = jest.spyOn(globalThis, 'setTimeout');
    await withCancellation(
      Promise.resolve(),
      configOf({ timeout, signal: new AbortController().signal }),
      monotonicNow(),
    );
    expect(set).not.toHaveBeenCalled();
  });
});

describe('a request that was canceled', () => {
  const canceled = axios.CancelToken.source();
  canceled.cancel('enough');

  it('is told as axios tells it', () => {
    expect(() => throwIfCanceled(configOf())).not.toThrow();
    expect(() => throwIfCanceled(configOf({ signal: new AbortController().signal }))).not.toThrow();
    expect(() => throwIfCanceled(configOf({ signal: AbortSignal.abort() }))).toThrow(CanceledError);
    expect(() => throwIfCanceled(configOf({ cancelToken: canceled.token }))).toThrow('enough');
  });

  it('is known before it is sent', () => {
    expect(isCanceled(configOf())).toBe(false);
    expect(isCanceled(configOf({ signal: new AbortController().signal }))).toBe(false);
    expect(isCanceled(configOf({ cancelToken: axios.CancelToken.source().token }))).toBe(false);
    expect(isCanceled(configOf({ signal: AbortSignal.abort() }))).toBe(true);
    expect(isCanceled(configOf({ cancelToken: canceled.token }))).toBe(true);
  });
});
