import type { Readable } from 'node:stream';
import axios, {
  AxiosError,
  AxiosHeaders,
  type AxiosInstance,
  type AxiosRequestConfig,
  type AxiosResponse,
  type InternalAxiosRequestConfig,
} from 'axios';
import type { EchoedRequest } from './server.js';

/** All that a caller may see of us, where there is a token to attend to. Everything else must be as it is without us. */
export const OURS = { header: 'authorization', key: 'bearer' };

/** What our work on the wire adds to a config, for as long as it is there. */
export const ON_THE_WIRE = ['beforeRedirect'];

export type Config = InternalAxiosRequestConfig & Record<PropertyKey, unknown>;

const isOurHeader = (name: string) => name.toLowerCase() === OURS.header;

/** A value as far as it can be compared between two runs. */
export function print(value: unknown, depth = 0): unknown {
  if (typeof value === 'function') return `ƒ ${value.name}`;
  // Drawn at random.
  if (typeof value === 'string') return value.replace(/boundary=\S+/, 'boundary=…');
  if (value instanceof AxiosHeaders) return headerFacts(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => print(each, depth + 1));
  const prototype = Object.getPrototypeOf(value);
  const plain = prototype === null || prototype.constructor?.name === 'Object';
  if (!plain || depth > 3) return `a ${prototype?.constructor?.name}`;
  return Reflect.ownKeys(value).map((key) => [String(key), print((value as Config)[key], depth + 1)]);
}

export function headerFacts(headers: unknown): unknown {
  const entries = Object.entries(headers ?? {}).filter(([name]) => !isOurHeader(name) && name !== 'date');
  return entries.map(([name, value]) => [name, print(value)]);
}

/** Every own key in its order, and what it holds. */
export function configFacts(config: unknown): unknown {
  if (typeof config !== 'object' || config === null) return config;
  const keys = Reflect.ownKeys(config).filter((key) => key !== OURS.key);
  return keys.map((key) => [String(key), print((config as Config)[key])]);
}

export function responseFacts(response: AxiosResponse): unknown {
  const { status, statusText, headers, data, config, request } = response;
  return {
    keys: Reflect.ownKeys(response),
    status,
    statusText,
    headers: headerFacts(headers),
    data: print(data),
    config: configFacts(config),
    request: request?.constructor?.name,
  };
}

/** Everything of an error that a handler may look at, but for its stack. */
export function errorFacts(error: unknown): unknown {
  if (!(error instanceof Error) && !axios.isAxiosError(error)) return print(error);
  const { name, message, cause, config, request, response } = error as AxiosError;
  return {
    name,
    message,
    keys: Reflect.ownKeys(error).map(String),
    code: (error as AxiosError).code,
    status: (error as AxiosError).status,
    kinds: [error instanceof AxiosError, axios.isAxiosError(error), axios.isCancel(error), String(error)],
    toJSON: error instanceof AxiosError ? jsonFacts(error) : undefined,
    cause: cause && [cause.name, cause.message, (cause as AxiosError).code],
    config: configFacts(config),
    request: request?.constructor?.name,
    response: response && responseFacts(response),
  };
}

function jsonFacts(error: AxiosError): unknown {
  const { stack, config, ...rest } = error.toJSON() as { stack: string; config: Config };
  // A stream is printed by no more than its kind: it leads to the headers of other requests.
  const isStream = typeof (error.config?.data as Partial<Readable> | undefined)?.pipe === 'function';
  return [typeof stack, configFacts(isStream ? { ...config, data: '[stream]' } : config), rest];
}

/** What a request fails with. */
export async function failureOf(send: () => Promise<unknown>): Promise<unknown> {
  let answer: unknown;
  try {
    answer = await send();
  } catch (error) {
    return error;
  }
  throw new Error(`expected a failure, got ${JSON.stringify(print(answer))}`);
}

/** How a request ends, answered or failed. */
export async function endOf(send: () => Promise<AxiosResponse>): Promise<unknown> {
  try {
    return responseFacts(await send());
  } catch (error) {
    return errorFacts(error);
  }
}

/** What reached the server, but for our header and what is drawn at random. */
export function wireFacts({ data }: AxiosResponse<EchoedRequest>): unknown {
  const { headers, body, ...rest } = data;
  const [, boundary] = /^--(\S+)/.exec(body) ?? [];
  const steady = (text: string) => (boundary ? text.replaceAll(boundary, 'BOUNDARY') : text);
  const theirs = headers.filter(([name]) => !isOurHeader(name)).map(([name, value]) => [name, print(value)]);
  return { ...rest, headers: theirs, body: steady(body) };
}

/** An answer made by an adapter of the app's own. */
export function answerOf(config: InternalAxiosRequestConfig, more: object = {}): AxiosResponse {
  return { data: 'fine', status: 200, statusText: 'OK', headers: {}, config, request: {}, ...more };
}

export const answering = async (config: InternalAxiosRequestConfig): Promise<AxiosResponse> => answerOf(config);

/** Keeps every config that reaches the wire. */
export function spying(seen: Config[]): AxiosRequestConfig['adapter'] {
  return async (config) => {
    seen.push(config as Config);
    return answerOf(config);
  };
}

/** Everything an instance's caller can reach, before and after. */
export function instanceFacts(api: AxiosInstance): unknown {
  return [Object.keys(api), print(api.defaults)];
}
