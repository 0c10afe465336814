import type { Installation } from './exchange.js';
import { isOurValue } from './header.js';

type Bag = Record<PropertyKey, unknown>;

/**
 * No error that leaves us carries the token: our header is deleted wherever axios and the platform keep it. Deleted and
 * not masked, so that the config can be sent again.
 */
export function redact(error: unknown, { settings }: Installation): unknown {
  const { header, redact: wanted } = settings;
  if (!wanted || !header || !isBag(error)) return error;
  const ours: Ours = { header: header.toLowerCase(), isOurs: isOurValue };
  const { config, request, response } = error as Record<string, Bag | undefined>;
  strip(config?.headers, ours);
  if (isBag(response)) {
    strip((response.config as Bag | undefined)?.headers, ours);
    stripRequest(response.request, ours);
  }
  stripRequest(request, ours);
  return error;
}

/** What is to go: the caller's own header of that name stays. */
interface Ours {
  header: string;
  isOurs(value: unknown): boolean;
}

function isBag(value: unknown): value is Bag {
  return typeof value === 'object' && value !== null;
}

function strip(headers: unknown, { header, isOurs }: Ours): void {
  if (!isBag(headers)) return;
  for (const name of Object.keys(headers)) {
    if (name.toLowerCase() === header && [headers[name]].flat().some(isOurs)) delete headers[name];
  }
}

/** Node's ClientRequest and follow-redirects' wrapper around it, fetch's Request. An XMLHttpRequest shows no headers. */
function stripRequest(request: unknown, ours: Ours, depth = 0): void {
  if (!isBag(request) || depth > 3) return;
  const { headers, _options, _header, _currentRequest, _redirectable } = request as Record<string, Bag | undefined>;
  if (typeof headers?.delete === 'function') stripFetch(headers as unknown as Headers, ours);
  strip(_options?.headers, ours);
  if (typeof _header === 'string') request._header = withoutLine(_header, ours);
  for (const key of Object.getOwnPropertySymbols(request)) {
    // Node keeps a pair there: the name as it was written, and the value.
    if (key.description === 'kOutHeaders') strip(request[key], ours);
  }
  stripRequest(_currentRequest, ours, depth + 1);
  stripRequest(_redirectable, ours, depth + 1);
}

function stripFetch(headers: Headers, { header, isOurs }: Ours): void {
  if (isOurs(headers.get(header))) headers.delete(header);
}

function withoutLine(head: string, { header, isOurs }: Ours): string {
  const isLineOfOurs = (line: string) => {
    const colon = line.indexOf(':');
    return line.slice(0, colon).toLowerCase() === header && isOurs(line.slice(colon + 1).trim());
  };
  return head
    .split('\r\n')
    .filter((line) => !isLineOfOurs(line))
    .join('\r\n');
}
