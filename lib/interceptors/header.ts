import { AxiosHeaders } from 'axios';
import { shared } from '../platform/shared.js';
import { isFading, isOurs, rememberAccessToken } from '../session/access-tokens.js';
import type { Current } from '../session/current.js';
import type { Config } from './config.js';
import type { Installation } from './exchange.js';

export type Headers = Record<string, unknown>;

/** Is it the one in which Basic goes too, from the option `auth` or from a URL? */
export function isAuthorization(header: string | false): boolean {
  return header !== false && header.toLowerCase() === 'authorization';
}

/** As axios is about to make them: an interceptor may have left others, or none. */
export function headersOf(config: Config): Headers {
  if (typeof config.headers?.setContentType !== 'function') config.headers = AxiosHeaders.from(config.headers as never);
  return config.headers as Headers;
}

/** The name under which a header stands there, in whatever case. Asked several times for each request. */
export function nameOf(headers: Headers, header: string): string | undefined {
  if (Object.hasOwn(headers, header)) return header;
  for (const name in headers) {
    if (name.length === header.length && name.toLowerCase() === header.toLowerCase() && Object.hasOwn(headers, name)) {
      return name;
    }
  }
  return undefined;
}

/** Puts the token on a request (RFC 6750 §2.1). The one place where it is written. */
export function writeToken(config: Config, installation: Installation, current: Current): void {
  const { header } = installation.settings;
  if (!header || !current.token.accessToken) return;
  const headers = headersOf(config);
  headers[nameOf(headers, header) ?? header] = headerValue(installation, current);
}

/** Made once per token: axios looks at each character, which takes longer in a string that was just put together. */
export function headerValue({ settings: { scheme }, headerValues }: Installation, current: Current): string {
  const known = headerValues.get(current);
  if (known && !isFading(known.rememberedAt)) return known.value;
  const { accessToken } = current.token;
  const value = scheme ? `${scheme} ${accessToken}` : accessToken;
  headerValues.set(current, { value, rememberedAt: rememberAccessToken(accessToken) });
  return value;
}

/** Was this value written by us, for whatever session and however long ago? Then it is not the caller's own. */
export function isOurValue(value: unknown): boolean {
  return typeof value === 'string' && isOurs(value.slice(value.lastIndexOf(' ') + 1));
}

/** Where tokens are written, by all installations: nearly always in Authorization. */
let names: Set<string> | undefined;

function headerNames(): Set<string> {
  names ??= shared('headers', () => new Set());
  return names;
}

export function noteHeader(header: string | false): void {
  if (header) headerNames().add(header);
}

/** A config that is sent again, or a copy of one, still has the header that was written the first time. */
export function removeOurs(headers: Headers, of: Iterable<string> = headerNames()): void {
  for (const header of of) {
    const name = nameOf(headers, header);
    if (name && isOurValue(headers[name])) delete headers[name];
  }
}
