import { bearerError } from '../errors.js';
import { whileWanted } from './cancellation.js';
import type { Config } from './config.js';
import { ABSENT, type Answer, type Exchange } from './exchange.js';
import { isReplayable, type Replayable } from './replayable.js';
import { transform } from './transform.js';

interface Streamlike {
  pipe?: unknown;
  getReader?: unknown;
  next?: unknown;
  destroy?(): void;
  cancel?(): Promise<void>;
}

function isStream(value: unknown): boolean {
  const { pipe, getReader, next } = (value ?? {}) as Streamlike;
  return typeof pipe === 'function' || typeof getReader === 'function' || typeof next === 'function';
}

/** Does it hold, anywhere, something that sending has used up? */
export function isOneShot(value: unknown, seen = new Set<unknown>()): boolean {
  if (!value || typeof value !== 'object' || isReplayable(value) || seen.has(value)) return false;
  if (isStream(value)) return true;
  seen.add(value);
  const plain = Array.isArray(value) || [Object.prototype, null].includes(Object.getPrototypeOf(value));
  return plain && Object.values(value).some((inner) => isOneShot(inner, seen));
}

/** A one-shot body can't be replayed, so its request waits for a refresh under way rather than risk a 401. */
export function hasOneChance({ data, requests }: Exchange): boolean {
  return typeof data === 'object' && data !== null && requests.isBusy && isOneShot(data);
}

/** The body of the first send, where axios has not transformed it. @returns a promise where it is made */
export function prepareBody(exchange: Exchange): Promise<void> | undefined {
  const { config } = exchange;
  if (!exchange.isDeferred) return undefined;
  exchange.isDeferred = false;
  if (isReplayable(config.data)) return make(exchange, config.data);
  try {
    transformBody(exchange);
  } catch (error) {
    exchange.thrown = { error };
    throw error;
  }
  return undefined;
}

/** The body for another send. What the transforms made goes again as it is; a stream is made anew, its headers with it. */
export async function remakeBody(exchange: Exchange): Promise<void> {
  const { config, data } = exchange;
  if (isReplayable(data)) return make(exchange, data);
  if (!isStream(config.data)) return;
  config.data = data;
  transformBody(exchange);
}

async function make(exchange: Exchange, body: Replayable): Promise<void> {
  const { config } = exchange;
  // What the app's own function throws rejects the request.
  const made = (async () => body.make())();
  const left = () => void made.then(end, () => {});
  config.data = await whileWanted(exchange, made, left);
  transformBody(exchange);
}

/** As axios does before an adapter. */
function transformBody({ config, contentType, contentLength, transformRequest }: Exchange): void {
  const { headers } = config;
  putBack(headers, 'Content-Type', contentType);
  putBack(headers, 'Content-Length', contentLength);
  config.data = transform(transformRequest === ABSENT ? undefined : transformRequest, config, config);
  if (['post', 'put', 'patch'].includes(config.method ?? '')) {
    headers.setContentType('application/x-www-form-urlencoded', false);
  }
}

/** What axios, or an earlier send, has written there is not the caller's. */
function putBack(headers: Config['headers'], header: string, before: Exchange['contentType']): void {
  if (before) headers[before[0]] = before[1] as string;
  else headers.delete(header);
}

/** Called after the refresh, so that an app that makes a new body and calls again at once already gets the new token. */
export function assertSendable({ config, data }: Exchange): void {
  if (!isStream(config.data) || isReplayable(data) || !(isOneShot(data) || isOneShot(fieldsOf(data)))) return;
  throw bearerError(
    'ERR_BEARER_BODY',
    'The body is a stream, which can be sent only once. Wrap it, replayable(() => body), to have the request replayed',
  );
}

/** Axios makes a form of any object's own fields. */
function fieldsOf(data: unknown): unknown {
  return typeof data === 'object' && !ArrayBuffer.isView(data) ? { ...data } : undefined;
}

/** After the last send a used-up body gives way to what it was made from: the config can be sent again. */
export function restoreBody({ config, data }: Exchange): void {
  if (data && (isStream(config.data) || isReplayable(data))) config.data = data;
}

/** A refused answer is not read, and the body that was made for it not needed: an open stream keeps its socket, or its file. */
export function discard(exchange: Exchange, { response }: Answer): void {
  if (isStream(response?.data)) end(response?.data);
  closeBody(exchange);
}

/** The stream that was made for a send. A stream that the caller gave is the caller's to close. */
export function closeBody({ config, data }: Exchange): void {
  if (isReplayable(data) && isStream(config.data)) end(config.data);
}

function end(body: unknown): void {
  const { destroy, getReader, cancel } = (body ?? {}) as Streamlike;
  if (typeof destroy === 'function') destroy.call(body);
  else if (typeof getReader === 'function') cancel?.call(body).catch(() => {});
}
