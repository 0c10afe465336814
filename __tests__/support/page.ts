import { createReadStream } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import axios, { type AxiosAdapter, type AxiosInstance } from 'axios';
import * as core from 'axios-bearer';
import * as apiVideoEntry from 'axios-bearer/api-video';
import * as authRefresh from 'axios-bearer/axios-auth-refresh';
import * as oauth2 from 'axios-bearer/oauth2';
import * as testing from 'axios-bearer/testing';
import { type ApiVideo, startApiVideo } from 'axios-bearer/testing';
import axiosRetry from 'axios-retry';
import { namesOf, type Readme, readReadme, rowsOf, runBlock, type Values } from './readme.js';

export const REFRESHED = ['GET /videos 401', 'POST /auth/refresh 200', 'GET /videos 200'];

/** What the reader's own refresh call is taken to be. */
export const refresh: core.RefreshFunction = async ({ refreshToken }, { client }) =>
  (await client.post('/auth/refresh', { refreshToken })).data;

/** What each block must do, by its name. */
export type Proofs = Record<string, (name: string) => Promise<void>>;

/** A page, and a server and an instance that are new for each test of its code. */
export interface Page {
  readonly text: Readme;
  readonly server: ApiVideo;
  readonly api: AxiosInstance;
  /** What the block that ran last has declared. */
  readonly own: Values;
  /** Runs the block of that name. `given`: what it takes for granted, and as `modules` what its imports find. */
  run(name: string, given?: Values): Promise<Values>;
  /** Signed in, as a page takes it for granted where another has shown how. */
  signedIn(options?: Partial<core.SessionOptions>): core.Session;
  /** What arrived, and how it was answered. */
  wire(): string[];
  /** One expired token: does the session of this instance live through it? */
  outlives(instance?: AxiosInstance): Promise<string[]>;
  /** Declares that all blocks of the page are run, and do what the page says. */
  itRuns(proofs: Proofs): void;
}

/** Called once by the tests of a page, outside of any test. */
export function openPage(path: string): Page {
  const text = readReadme(path);
  const realAdapter = axios.defaults.adapter;
  let server: ApiVideo;
  let api: AxiosInstance;
  let own: Values;

  beforeEach(async () => {
    server = await startApiVideo();
    axios.defaults.adapter = toServer(server);
    api = axios.create({ baseURL: 'https://api.example.com' });
    own = {};
  });

  afterEach(async () => {
    (own.session as core.Session | undefined)?.close();
    axios.defaults.adapter = realAdapter as typeof axios.defaults.adapter;
    await server.close();
  });

  const page: Page = {
    text,
    get server() {
      return server;
    },
    get api() {
      return api;
    },
    get own() {
      return own;
    },

    async run(name, given = {}) {
      const block = text.blocks.find((one) => one.name === name);
      if (!block) throw new Error(`${path} has no block "${name}"`);
      const modules = { ...MODULES, ...(given.modules as Values) };
      const globals = { ...GLOBALS, api, apiKey: server.apiKey, saved: server.issue() };
      own = await runBlock(block, modules, { ...globals, ...given });
      return own;
    },

    signedIn: (options = {}) => core.bearer(api, { tokens: server.issue(), source: refresh, ...options }),

    wire: () => server.log.map(({ status, method, path }) => `${method} ${path} ${status}`),

    async outlives(instance = api) {
      server.expire();
      server.reset();
      await instance.get('/videos');
      return page.wire();
    },

    itRuns(proofs) {
      describe(`the code of ${path}`, () => {
        it('is all run here', () => {
          expect(Object.keys(proofs)).toEqual(text.blocks.map(({ name }) => name));
        });

        it.each(Object.keys(proofs))('does what the text says under "%s"', (name) => proofs[name]?.(name));
      });
    },
  };
  return page;
}

const MODULES: Values = {
  axios: { default: axios },
  'axios-retry': { default: axiosRetry },
  'axios-bearer': core,
  'axios-bearer/api-video': apiVideoEntry,
  'axios-bearer/axios-auth-refresh': authRefresh,
  'axios-bearer/oauth2': oauth2,
  'axios-bearer/testing': testing,
  'axios-bearer/use': {},
};

const GLOBALS: Values = { ...core, ...apiVideoEntry, ...testing, axios, refresh, createReadStream };

/** The pages' hosts are ours, and so are their cookies; only this far from the truth does a block run. */
function toServer(server: ApiVideo): AxiosAdapter {
  const send = axios.getAdapter('http');
  const here = (url: string | undefined) =>
    url?.replace(/^https:\/\/(?:api\.example\.com|ws\.api\.video)/, server.url).replace(/^\/files/, '/echo/files');
  let cookie: string | undefined;

  return async (config) => {
    const { url, baseURL } = config;
    config.url = here(url);
    config.baseURL = here(baseURL);
    if (cookie) config.headers.set('Cookie', cookie);
    try {
      const answer = await send(config);
      cookie = answer.headers['set-cookie']?.[0] ?? cookie;
      return answer;
    } finally {
      Object.assign(config, { url, baseURL });
      config.headers.delete('Cookie');
    }
  };
}

/** The names in the tables with so many columns below a heading, sorted. */
export function tableOf(page: Readme, heading: string, columns: number): string[] {
  return namesOf(rowsOf(page, heading).filter((row) => row.length === columns)).sort();
}
