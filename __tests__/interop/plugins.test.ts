import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { AxiosInstance, AxiosResponse } from 'axios';
import { type ApiVideo, type Echo, startApiVideo } from 'axios-bearer/testing';
import { times } from '../support/kit.js';
import { type Situation, situations } from './cases.js';
import { household, installed, moveOut, variants } from './client.js';
import { axiosOf, type ModuleKind } from './modules.js';
import { type Sight, watch } from './observe.js';
import { AppError, type Neighbour, neighbours } from './plugins.js';

let server: ApiVideo;
beforeAll(async () => {
  server = await startApiVideo();
});
afterEach(() => {
  moveOut();
  server.reset();
});
afterAll(() => server.close());

interface Report {
  /** What the neighbour saw. */
  sight: Sight;
  /** What the callers got. */
  endings: unknown[];
}

async function report(api: AxiosInstance, sight: Sight, requests: number): Promise<Report> {
  const send = (i: number) =>
    i % 2 ? api.post(`/echo/${i}`, { videoTitle: `${i}` }) : api.get(`/echo/${i}`, { params: { pageSize: i } });
  const endings = await Promise.all(times(requests, (i) => send(i).then(whatCame, whatFailed)));
  // Answers come in any order.
  return { endings, sight: { ...sight, answers: sight.answers.sort(), failures: sight.failures.sort() } };
}

/** An answer, or what a neighbour has made of it. */
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
async function withoutUs({ moveIn }: Neighbour, kind: ModuleKind, { like, requests }: Situation): Promise<Report> {
  const { access_token } = server.issue();
  if (like === 'dead') server.expire();
  const api = axiosOf[kind].create({ baseURL: server.url, headers: { Authorization: `Bearer ${access_token}` } });
  const sight = watch(api, (instance) => moveIn(instance, kind));
  const expected = await report(api, sight, requests);
  server.reset();
  return expected;
}

const known = new Map<string, Promise<Report>>();

/** Asked once for both orders. */
function expectation(neighbour: Neighbour, kind: ModuleKind, situation: Situation): Promise<Report> {
  const key = [neighbour.name, kind, situation.like, situation.requests].join();
  if (!known.has(key)) known.set(key, withoutUs(neighbour, kind, situation));
  return known.get(key)!;
}

describe.each(neighbours)('L14 $name', (neighbour) => {
  describe.each(variants)(installed, (variant) => {
    const { kind } = variant;

    it.each(situations)('sees what it would see without us where $name, and so do the callers', async (situation) => {
      const expected = await expectation(neighbour, kind, situation);
      const options = situation.arrange(server);
      const { api, sight } = household(server, variant, (instance) => neighbour.moveIn(instance, kind), options);
      expect(await report(api, sight, situation.requests)).toEqual(expected);
      expect(server.stats).toMatchObject(situation.costs);
    });
  });
});
