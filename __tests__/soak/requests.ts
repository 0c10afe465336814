import { Readable } from 'node:stream';
import type { AxiosError, AxiosInstance, AxiosRequestConfig, AxiosResponse } from 'axios';
import { replayable } from 'axios-bearer';
import type { Snapshot } from './session-log.js';

/** A kind of request: how it is sent, and what the right answer is. */
export interface Kind {
  name: string;
  send(api: AxiosInstance, n: number, config: AxiosRequestConfig): Promise<AxiosResponse>;
  isRight(answer: AxiosResponse, n: number, snapshot: Snapshot): boolean | Promise<boolean>;
  /** May it be made to fail? Its answer must be read whole, as JSON. */
  plain?: boolean;
  oneShot?: boolean;
  /** Node's streams are for the adapter that speaks node:http. */
  httpOnly?: boolean;
}

const path = (n: number) => `/echo/${n}`;
const body = (n: number) => ({ title: `Zoë’s ${n}` });
const pieces = (n: number) => ['piece ', `${n} `, '.'.repeat(500)];
const BYTES = { headers: { 'Content-Type': 'application/octet-stream' } };
const STREAM_LENGTH = 4096;

function form(n: number): FormData {
  const fields = new FormData();
  fields.set('title', `form ${n}`);
  return fields;
}

/** A stream that is not read keeps its socket; that of an error too. */
function unread(error: AxiosError<Readable>): never {
  error.response?.data.destroy();
  throw error;
}

async function lengthOf(stream: AsyncIterable<Buffer>): Promise<number> {
  let length = 0;
  for await (const chunk of stream) length += chunk.length;
  return length;
}

/** What the video API is asked. */
export const KINDS: Kind[] = [
  {
    name: 'GET',
    plain: true,
    send: (api, n, config) => api.get(path(n), config),
    isRight: ({ data }, n) => data.path === path(n) && data.method === 'GET',
  },
  {
    name: 'POST of JSON',
    plain: true,
    send: (api, n, config) => api.post(path(n), body(n), config),
    isRight: ({ data }, n) => data.text === JSON.stringify(body(n)),
  },
  {
    name: 'GET with a token for a while',
    plain: true,
    send: (api, n, config) => api.get(path(n), { ...config, bearer: { minValidity: 700 } }),
    isRight: ({ data }, n) => data.path === path(n),
  },
  {
    name: 'POST of a form',
    send: (api, n, config) => api.post(path(n), form(n), config),
    isRight: ({ data }, n) => data.text.includes(`form ${n}\r\n`),
  },
  {
    name: 'POST of a replayable stream',
    httpOnly: true,
    send: (api, n, config) =>
      api.post(
        path(n),
        replayable(() => Readable.from(pieces(n))),
        { ...config, ...BYTES },
      ),
    isRight: ({ data }, n) => data.text === pieces(n).join(''),
  },
  {
    name: 'POST of a stream',
    httpOnly: true,
    oneShot: true,
    send: (api, n, config) => api.post(path(n), Readable.from(pieces(n)), { ...config, ...BYTES }),
    isRight: ({ data }, n) => data.text === pieces(n).join(''),
  },
  {
    name: 'GET of a stream',
    httpOnly: true,
    send: (api, _, config) => api.get('/stream', { ...config, responseType: 'stream' }).catch(unread),
    isRight: async ({ data }) => (await lengthOf(data)) === STREAM_LENGTH,
  },
  {
    name: 'GET of what is public',
    send: (api, _, config) => api.get('/public', { ...config, bearer: false }),
    isRight: ({ data }) => data.authorization === false,
  },
];

/** What the authorization server's resource is asked: it tells which user's token came. */
export const OWNER_KINDS: Kind[] = [
  {
    name: 'who am I?',
    send: (api, _, config) => api.get('/resource', config),
    isRight: ({ data }, _, { owner }) => data.owner === owner,
  },
];
