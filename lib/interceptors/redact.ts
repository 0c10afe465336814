import { AxiosError } from 'axios';
import type { Installation } from './exchange.js';
import { isOurValue } from './header.js';

type Bag = Record<PropertyKey, unknown>;

// An error's cause may have a cause. So are requests wrapped, by follow-redirects and others.
const DEEPEST = 3;

/**
 * No error that leaves us carries the token: our header is deleted wherever axios and the platform keep it. Deleted and
 * not masked, so that the config can be sent again.
 */
export function redact(error: unknown, installation: Installation, depth = 0): unknown {
  const { header, redact: wanted } = installation.settings;
  if (!wanted || !isBag(error)) return error;
  // Adapters wrap errors, with the same config.
  if (depth < DEEPEST) redact(error.cause, installation, depth + 1);
  hidePool(error as Record<string, Bag | undefined>);
  if (!header) return error;
  const ours = header.toLowerCase();
  const { config, request, response } = error as Record<string, Bag | undefined>;
  strip(config?.headers, ours);
  if (isBag(response)) {
    strip((response.config as Bag | undefined)?.headers, ours);
    stripRequest(response.request, ours);
  }
  stripRequest(request, ours);
  return error;
}

/** On an agent and on a socket lie the headers of all requests that share it: whatever prints an error stops before them. */
function hidePool(error: Record<string, Bag | undefined>): void {
  const { config, request, response } = error;
  const answered = isBag(response) ? response : {};
  for (const each of new Set([config, answered.config])) {
    if (isBag(each) && (each.httpAgent || each.httpsAgent)) printAs(each, withoutAgents);
  }
  for (const each of new Set([request, answered.request])) {
    if (isBag(each) && ('_header' in each || '_currentRequest' in each)) printAs(each, requestLine);
  }
  // A stream knows what it is piped to: the request, or the socket that it comes from.
  for (const each of [config?.data, answered.data]) {
    if (isBag(each) && typeof each.pipe === 'function') printAs(each, () => '[stream]');
  }
}

/** Not enumerable, so that copies of a config are as they were. */
function printAs(bag: Bag, toJSON: (this: Bag) => unknown): void {
  Reflect.defineProperty(bag, 'toJSON', { value: toJSON, configurable: true, writable: true });
}

function withoutAgents(this: Bag): unknown {
  const { httpAgent, httpsAgent, ...rest } = this;
  // As axios prints a config: without circles.
  return (new AxiosError('', undefined, rest as never).toJSON() as { config: unknown }).config;
}

function requestLine(this: Bag): unknown {
  const { method, protocol, host, path } = (this._currentRequest ?? this) as Bag;
  return { method, protocol, host, path };
}

function isBag(value: unknown): value is Bag {
  return typeof value === 'object' && value !== null;
}

/** The caller's own header of that name stays. @param header in lower case */
function strip(headers: unknown, header: string): void {
  if (!isBag(headers)) return;
  for (const name of Object.keys(headers)) {
    if (name.toLowerCase() === header && [headers[name]].flat().some(isOurValue)) delete headers[name];
  }
}

/** Node's ClientRequest and follow-redirects' wrapper around it, fetch's Request. An XMLHttpRequest shows no headers. */
function stripRequest(request: unknown, header: string, depth = 0): void {
  if (!isBag(request) || depth > DEEPEST) return;
  const { headers, _options, _currentRequest, _redirectable, socket } = request as Record<string, Bag | undefined>;
  if (typeof headers?.delete === 'function') stripFetch(headers as unknown as Headers, header);
  strip(_options?.headers, header);
  // HTTP/2
  strip(request.sentHeaders, header);
  // Where no connection was made, the head is kept on the socket, unsent.
  for (const [bag, name] of [
    [request, '_header'],
    [socket, '_pendingData'],
  ] as const) {
    if (typeof bag?.[name] === 'string') bag[name] = withoutLine(bag[name], header);
  }
  for (const key of Object.getOwnPropertySymbols(request)) {
    // Node keeps a pair there: the name as it was written, and the value.
    if (key.description === 'kOutHeaders') strip(request[key], header);
  }
  stripRequest(_currentRequest, header, depth + 1);
  stripRequest(_redirectable, header, depth + 1);
}

function stripFetch(headers: Headers, header: string): void {
  if (isOurValue(headers.get(header))) headers.delete(header);
}

function withoutLine(head: string, header: string): string {
  const isLineOfOurs = (line: string) => {
    const colon = line.indexOf(':');
    return line.slice(0, colon).toLowerCase() === header && isOurValue(line.slice(colon + 1).trim());
  };
  return head
    .split('\r\n')
    .filter((line) => !isLineOfOurs(line))
    .join('\r\n');
}
