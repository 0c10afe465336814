import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** A request as routes, faults and holds see it: whole, with its body read. */
export interface ApiRequest {
  /** In upper case. */
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** A name that comes twice holds an array. */
  readonly query: Readonly<Record<string, string | string[]>>;
  /** Names in lower case, as node:http gives them. */
  readonly headers: IncomingHttpHeaders;
  /** Empty when there is none. */
  readonly body: Buffer;
}

const EMPTY = Buffer.alloc(0);

/** Called for each request before anything else. `undefined`: the client went away in the middle of its body. */
export async function readRequest(req: IncomingMessage): Promise<ApiRequest | undefined> {
  const body = hasBody(req) ? await readBody(req) : EMPTY;
  if (!body) return undefined;
  const [path = '/', search] = splitUrl(req);
  return { method: req.method ?? 'GET', path, query: parseQuery(search), headers: req.headers, body };
}

/** Called at arrival, before the body is read: the path and, if there is one, the query after its `?`. */
export function splitUrl(req: IncomingMessage): [path: string, search?: string] {
  const url = req.url ?? '/';
  const mark = url.indexOf('?');
  return mark < 0 ? [url] : [url.slice(0, mark), url.slice(mark + 1)];
}

/** Called by routes that take JSON: the object in the body, or `undefined` when it is malformed or no object. */
export function readJson(request: ApiRequest): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(request.body.toString('utf8'));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Called by routes for a query parameter that is meant to come once: the first of its values. */
export function queryValue(request: ApiRequest, name: string): string | undefined {
  const value = request.query[name];
  return Array.isArray(value) ? value[0] : value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasBody({ headers }: IncomingMessage): boolean {
  if (headers['transfer-encoding'] !== undefined) return true;
  return headers['content-length'] !== undefined && headers['content-length'] !== '0';
}

// Events rather than `for await`: ten thousand of these may run at once.
function readBody(req: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.once('end', () => resolve(Buffer.concat(chunks)));
    req.once('error', () => resolve(undefined));
    req.once('close', () => resolve(undefined));
  });
}

function parseQuery(search: string | undefined): ApiRequest['query'] {
  // No prototype: a parameter may well be called `__proto__`.
  const query: Record<string, string | string[]> = Object.create(null);
  if (!search) return query;
  for (const [name, value] of new URLSearchParams(search)) {
    const before = query[name];
    query[name] = before === undefined ? value : [before, value].flat();
  }
  return query;
}
