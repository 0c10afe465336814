import type { ParsedUrl } from '../platform/url.js';
import type { RequestLine } from '../session/targets.js';

// A number, a UUID, hexadecimal of 8 and more, or too long to be a name: it tells one thing from others of its kind.
const ID = /^(?:\d+|[\da-f]{8,}|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}|.{25,})$/i;

/** Where a request goes, for all that are alike: method, origin and path, such as `get https://api.example/videos/*`. */
export function targetOf({ method }: RequestLine, finalUrl: ParsedUrl | undefined): string {
  const { origin = '', pathname = '' } = finalUrl ?? {};
  const path = pathname
    .split('/')
    .map((segment) => (ID.test(segment) ? '*' : segment))
    .join('/');
  return `${method ?? 'get'} ${origin}${path}`;
}
