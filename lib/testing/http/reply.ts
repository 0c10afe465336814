import { type ServerResponse, STATUS_CODES } from 'node:http';

/** An answer before it is sent. A body in pieces is sent chunked, without a length. */
export interface Reply {
  status: number;
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array | readonly string[];
}

const DOCS = 'https://docs.api.video/reference/';
const HAVE_NO_BODY = new Set([204, 304]); // not even a length

/** Called by routes that succeed: `value` as JSON, with 200 unless told otherwise. */
export function json(value: unknown, status = 200): Reply {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) ?? '' };
}

/** Called by routes that refuse: RFC 9457 problem details, of the kind api.video answers. `slug` ends its `type`. */
export function problem(status: number, slug: string, detail: string, headers?: Reply['headers']): Reply {
  const body = JSON.stringify({ type: DOCS + slug, title: STATUS_CODES[status] ?? 'Error', status, detail });
  return { status, headers: { ...headers, 'content-type': 'application/problem+json' }, body };
}

/** Called once for each answer, with everything known. Does nothing when the client has gone. */
export function send(res: ServerResponse, { status, headers, body = '' }: Reply): void {
  if (res.destroyed || res.headersSent) return;
  if (isPieces(body)) sendPieces(res.writeHead(status, headers), body);
  else if (HAVE_NO_BODY.has(status)) res.writeHead(status, headers).end();
  else res.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
}

/** Called where the single bytes of an answer matter: its whole body, empty for none. */
export function bytesOf({ body = '' }: Reply): Buffer {
  if (isPieces(body)) return Buffer.from(body.join(''));
  return typeof body === 'string' ? Buffer.from(body) : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}

function isPieces(body: Reply['body']): body is readonly string[] {
  return Array.isArray(body);
}

function sendPieces(res: ServerResponse, pieces: readonly string[]): void {
  for (const piece of pieces) res.write(piece);
  res.end();
}
