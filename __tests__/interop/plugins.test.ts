import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { AxiosInstance, AxiosResponse } from 'axios';
import { type ApiVideo, type Echo, startApiVideo } from 'axios-bearer/testing';
import { times } from '../support/kit.js';
import { type Case, cases } from './cases.js';
import { clientWith, closeSessions, installed, variants } from './client.js';
import { axiosOf, type ModuleKind } from './modules.js';
import { type Observed, observe } from './observe.js';
import { AppError, type Plugin, plugins } from './plugins.js';

let server: ApiVideo;
beforeAll(async () => {
  server = await startApiVideo();
});
afterEach(() => {
  closeSessions();
  server.reset();
});
afterAll(() => server.close());

interface Report {
  /** What the plugin saw. */
  observed: Observed;
  /** What the callers got. */
  endings: unknown[];
}

async function report(api: AxiosInstance, observed: Observed, requests: number): Promise<Report> {
  const send = (i: number) =>
    i % 2 ? api.post(`/echo/${i}`, { videoTitle: `${i}` }) : api.get(`/echo/${i}`, { params: { pageSize: i } });
  const endings = await Promise.all(times(requests, (i) => send(i).then(whatCame, whatFailed)));
  // Answers come in any order.
  return { endings, observed: { ...observed, answers: observed.answers.sort(), failures: observed.failures.sort() } };
}

/** An answer, or what a plugin has made of it. */
function whatCame(answer: AxiosResponse<Echo> | Echo) {
  const status = 'data' in answer ? answer.status : 'unwrapped';
  const { path, query, text, headers } = 'data' in answer ? answer.data : answer;
  return { status, path, query, text, signature: headers['x-signature'] };
}

function whatFailed(error: { name: string; status?: number; response?: { status: number } }) {
  const status = error instanceof AppError ? error.status : error.response?.status;
  return { name: error.name, status };
}

/** The same app where there is no axios-bearer. */
async function withoutUs({ install }: Plugin, kind: ModuleKind, { sameAs, requests }: Case): Promise<Report> {
  const { access_token } = server.issue();
  if (sameAs === 'dead') server.expire();
  const api = axiosOf[kind].create({ baseURL: server.url, headers: { Authorization: `Bearer ${access_token}` } });
  const observed = observe(api, (instance) => install(instance, kind));
  const expected = await report(api, observed, requests);
  server.reset();
  return expected;
}

const known = new Map<string, Promise<Report>>();

/** Asked once for both orders. */
function expectation(plugin: Plugin, kind: ModuleKind, testCase: Case): Promise<Report> {
  const key = [plugin.name, kind, testCase.sameAs, testCase.requests].join();
  if (!known.has(key)) known.set(key, withoutUs(plugin, kind, testCase));
  return known.get(key)!;
}

describe.each(plugins)('L14 $name', (plugin) => {
  describe.each(variants)(installed, (variant) => {
    const { kind } = variant;

    it.each(cases)('sees what it would see without us where $name, and so do the callers', async (testCase) => {
      const expected = await expectation(plugin, kind, testCase);
      const options = testCase.arrange(server);
      const { api, observed } = clientWith(server, variant, (instance) => plugin.install(instance, kind), options);
      expect(await report(api, observed, testCase.requests)).toEqual(expected);
      expect(server.stats).toMatchObject(testCase.costs);
    });
  });
});
