import type { Guard } from './config.js';

type Bag = Record<PropertyKey, unknown>;

/**
 * No error that leaves us carries the token: our header is deleted wherever axios and the platform keep it. Deleted and
 * not masked, so that the config can be sent again.
 */
export function redact(error: unknown, { settings: { header, redact: wanted } }: Guard): unknown {
  if (!wanted || !header || !isBag(error)) return error;
  const { config, request, response } = error as Record<string, Bag | undefined>;
  strip(config?.headers, header);
  if (isBag(response)) {
    strip((response.config as Bag | undefined)?.headers, header);
    stripRequest(response.request, header);
  }
  stripRequest(request, header);
  return error;
}

function isBag(value: unknown): value is Bag {
  return typeof value === 'object' && value !== null;
}

function strip(headers: unknown, header: string): void {
  if (!isBag(headers)) return;
  for (const name of Object.keys(headers)) if (name.toLowerCase() === header.toLowerCase()) delete headers[name];
}

/** Node's ClientRequest and follow-redirects' wrapper around it, fetch's Request. An XMLHttpRequest shows no headers. */
function stripRequest(request: unknown, header: string, depth = 0): void {
  if (!isBag(request) || depth > 3) return;
  const { headers, _options, _header, _currentRequest, _redirectable } = request as Record<string, Bag | undefined>;
  if (typeof headers?.delete === 'function') (headers as unknown as Headers).delete(header);
  strip(_options?.headers, header);
  if (typeof _header === 'string') request._header = withoutLine(_header, header);
  for (const key of Object.getOwnPropertySymbols(request)) {
    if (key.description === 'kOutHeaders') strip(request[key], header);
  }
  stripRequest(_currentRequest, header, depth + 1);
  stripRequest(_redirectable, header, depth + 1);
}

function withoutLine(head: string, header: string): string {
  const lines = head.split('\r\n');
  return lines.filter((line) => !line.toLowerCase().startsWith(`${header.toLowerCase()}:`)).join('\r\n');
}
