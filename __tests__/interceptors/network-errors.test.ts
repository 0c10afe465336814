import { afterEach, describe, expect, it, jest } from '@jest/globals';
import axios, { type AxiosAdapter, type AxiosError, type Method } from 'axios';
import type { InstallOptions } from 'axios-bearer';
import {
  adapters,
  atEnd,
  cleanUp,
  deferred,
  failureOf,
  nextEvent,
  onAdapters,
  startRecordedClient,
} from '../support/kit.js';

type Asked = NonNullable<InstallOptions['shouldRefreshOnError']>;

/** A predicate, and the errors that it was asked about. */
function predicate(answer: Asked = () => true) {
  const errors: AxiosError[] = [];
  const shouldRefreshOnError: Asked = (error) => {
    errors.push(error);
    return answer(error);
  };
  return { errors, shouldRefreshOnError };
}

/** What is reported meanwhile, on a console that prints nothing. */
function reports() {
  const seen: unknown[][] = [];
  const spy = jest.spyOn(console, 'error').mockImplementation((...all) => void seen.push(all));
  atEnd(() => spy.mockRestore());
  return seen;
}

afterEach(cleanUp);

describe.each(adapters)(`shouldRefreshOnError (${onAdapters}), over %s`, (adapter) => {
  const defaults = { adapter };

  it.each<Method>(['get', 'head', 'options', 'put', 'delete'])(
    'the connection of a %s is reset: it is sent again with a new token',
    async (method) => {
      const { errors, shouldRefreshOnError } = predicate();
      const made = await startRecordedClient({ defaults, shouldRefreshOnError });
      made.server.fault('/echo', 'reset');
      expect((await made.api.request({ method, url: '/echo' })).status).toBe(200);
      expect(made.server.stats.refresh).toBe(1);
      expect(new Set(made.authorizations('/echo')).size).toBe(2);
      expect(errors).toHaveLength(1);
      expect(errors[0]).toMatchObject({ isAxiosError: true, config: { method } });
      expect(errors[0]?.response).toBeUndefined();
    },
  );

  it.each<Method>(['post', 'patch'])(
    'the connection of a %s is reset: refreshed, but not sent again, as it may have been done',
    async (method) => {
      const { errors, shouldRefreshOnError } = predicate();
      const made = await startRecordedClient({ defaults, shouldRefreshOnError });
      const refreshed = nextEvent(made.session, 'refreshed');
      made.server.fault('/echo', 'reset');
      const error = await failureOf(made.api.request({ method, url: '/echo', data: { a: 1 } }));
      expect(error).toBe(errors[0]);
      expect(error.config).toMatchObject({ method, url: '/echo' });
      await refreshed;
      expect(made.authorizations('/echo')).toHaveLength(1);
      expect((await made.api.get('/echo')).status).toBe(200);
      expect(made.server.stats.refresh).toBe(1);
    },
  );

  it('without it, or where it says no, the caller gets the error, and nothing is refreshed', async () => {
    for (const options of [{}, { shouldRefreshOnError: () => false }, { shouldRefreshOnError: async () => false }]) {
      const made = await startRecordedClient({ defaults, ...options });
      made.server.fault('/echo', 'reset');
      const bare = await startRecordedClient({ defaults, tokens: 'none' });
      bare.server.fault('/echo', 'reset');
      const [error, expected] = [await failureOf(made.api.get('/echo')), await failureOf(bare.api.get('/echo'))];
      expect([error.code, error.name]).toEqual([expected.code, expected.name]);
      expect(made.sends).toHaveLength(1);
    }
  });

  it('may take its time', async () => {
    const made = await startRecordedClient({ defaults, shouldRefreshOnError: async () => true });
    made.server.fault('/echo', 'reset');
    expect((await made.api.get('/echo')).status).toBe(200);
  });

  it('one that throws, or rejects, counts as false and is reported', async () => {
    const seen = reports();
    const gone = new Error('A predicate of the app');
    const all: Asked[] = [
      () => {
        throw gone;
      },
      () => Promise.reject(gone),
    ];
    for (const shouldRefreshOnError of all) {
      const made = await startRecordedClient({ defaults, shouldRefreshOnError });
      made.server.fault('/echo', 'reset');
      expect(await failureOf(made.api.get('/echo'))).toMatchObject({ isAxiosError: true });
      expect(made.sends).toHaveLength(1);
    }
    expect(seen.map(([, thrown]) => thrown)).toEqual([gone, gone]);
  });

  it('is not asked for a cancellation, nor for a timeout', async () => {
    const { errors, shouldRefreshOnError } = predicate();
    const { api, server } = await startRecordedClient({ defaults, shouldRefreshOnError });
    const hold = server.hold('/echo');
    const controller = new AbortController();
    const aborted = failureOf(api.get('/echo', { signal: controller.signal }));
    const source = axios.CancelToken.source();
    const canceled = failureOf(api.get('/echo', { cancelToken: source.token }));
    await hold.arrived(2);
    controller.abort();
    source.cancel();
    expect([await aborted, await canceled].map(({ code }) => code)).toEqual(['ERR_CANCELED', 'ERR_CANCELED']);
    for (const clarifyTimeoutError of [false, true]) {
      const transitional = { clarifyTimeoutError };
      const { code } = await failureOf(api.get('/echo', { timeout: 20, transitional }));
      expect(code).toMatch(/^(ECONNABORTED|ETIMEDOUT)$/);
    }
    expect(errors).toEqual([]);
    expect(server.stats.refresh).toBe(0);
  });

  it('is not asked where a response came, or where no token of ours was sent', async () => {
    const { errors, shouldRefreshOnError } = predicate();
    const { api, server } = await startRecordedClient({ defaults, shouldRefreshOnError });
    server.fault('/echo', { status: 503 });
    expect((await failureOf(api.get('/echo'))).response?.status).toBe(503);
    server.fault('/public', 'reset');
    await failureOf(api.get('/public', { bearer: false }));
    expect(errors).toEqual([]);
  });

  it('a network that is down altogether: it ends, and the caller gets an error of the network', async () => {
    const { errors, shouldRefreshOnError } = predicate();
    const made = await startRecordedClient({ defaults, shouldRefreshOnError });
    made.server.fault('/echo', 'reset', { times: Number.POSITIVE_INFINITY });
    const error = await failureOf(made.api.get('/echo'));
    expect(error).toBe(errors.at(-1));
    expect(made.authorizations('/echo').length).toBeLessThanOrEqual(5);
    expect(made.server.stats.refresh).toBeLessThanOrEqual(2);
  });
});

describe('shouldRefreshOnError and a refresh that fails', () => {
  it('says so, with no response', async () => {
    const made = await startRecordedClient({ shouldRefreshOnError: () => true });
    made.server.revokeRefreshTokens();
    made.server.fault('/echo', 'reset');
    const error = await failureOf(made.api.get('/echo'));
    expect([error.code, error.response]).toEqual(['ERR_BEARER_REJECTED', undefined]);
  });

  it('L17 an abort while it thinks ends the request at once', async () => {
    const [asked, controller] = [deferred(), new AbortController()];
    const shouldRefreshOnError = () => {
      asked.resolve();
      return new Promise<boolean>(() => {});
    };
    const { api, server } = await startRecordedClient({ shouldRefreshOnError });
    server.fault('/echo', 'reset');
    const failing = failureOf(api.get('/echo', { signal: controller.signal }));
    await asked.promise;
    controller.abort();
    expect(await failing).toMatchObject({ code: 'ERR_CANCELED' });
  });
});

describe.each([{}, { shouldRefreshOnError: () => true }, { shouldRefresh: () => true }])(
  'an adapter that throws what is no error, with %p',
  (options) => {
    it.each([undefined, null, 0, 7, '', 'gone', false, {}, Symbol('gone')])('%p reaches the caller', async (thrown) => {
      const adapter: AxiosAdapter = () => Promise.reject(thrown);
      const { api, server } = await startRecordedClient({ ...options, defaults: { adapter } });
      const bare = axios.create({ adapter });
      const settled = (request: Promise<unknown>) =>
        request.then(
          () => ['resolved'],
          (error: unknown) => ['rejected', error],
        );
      expect(await settled(api.get('/a'))).toEqual(['rejected', thrown]);
      expect(await settled(bare.get('/a'))).toEqual(['rejected', thrown]);
      expect(server.stats.refresh).toBe(0);
    });

    it('one that throws at once, with no promise, is as on bare axios', async () => {
      const gone = new Error('No socket');
      const adapter: AxiosAdapter = () => {
        throw gone;
      };
      const { api } = await startRecordedClient({ ...options, defaults: { adapter } });
      expect(await failureOf(api.get('/a'))).toBe(gone);
    });
  },
);
