import type { IncomingMessage } from 'node:http';
import { startHttpServer } from '../support/kit.js';
import type { Reply, Service, Wants } from './service.js';

/** Of the app that asks; the names are those that the code on the page takes for granted. */
export const APP = {
  clientId: 'the-client',
  clientSecret: 'the secret:%',
  apiKey: 'the-key',
  accountId: 'the-account',
  token: '1|personal',
};

interface Request {
  method: string;
  url: URL;
  headers: IncomingMessage['headers'];
  text: string;
}

/** A real server that plays a service: its token endpoint, and an API that takes the newest token. */
export async function startEndpoint(service: Service, first: { access: string; refresh: string }) {
  const { header = 'authorization', scheme = 'Bearer' } = service.bearer ?? {};
  const state = { ...first, minted: 0, asked: 0, wrong: [] as string[], reply: undefined as Reply | undefined };
  const mint = () => {
    state.minted += 1;
    state.access = `access-${state.minted}`;
    const refresh = service.rotates ? `refresh-${state.minted}` : state.refresh;
    state.refresh = refresh;
    return service.answer({ access: state.access, refresh });
  };
  const { url } = await startHttpServer(async (req, res) => {
    const request = await read(req);
    const send = ({ status, body, headers }: Reply) => {
      const isPage = typeof body === 'string';
      const type = isPage ? 'text/html' : 'application/json';
      res.writeHead(status, { 'Content-Type': type, ...headers }).end(isPage ? body : JSON.stringify(body));
    };
    if (request.url.pathname === '/things') {
      const isGood = request.headers[header.toLowerCase()] === `${scheme} ${state.access}`.trim();
      return send({ status: isGood ? 200 : 401, body: {} });
    }
    state.asked += 1;
    state.wrong.push(...flawsOf(request, service, state.refresh));
    return send(state.reply ?? { status: 200, body: mint() });
  });
  return { url, state };
}

async function read(req: IncomingMessage): Promise<Request> {
  let text = '';
  for await (const chunk of req) text += chunk;
  return { method: req.method as string, url: new URL(req.url as string, 'http://here'), headers: req.headers, text };
}

/** What the real one would not have understood. */
function flawsOf({ method, url, headers, text }: Request, { path, wants }: Service, refreshToken: string): string[] {
  const fields = fieldsOf(wants, url, text);
  const expected: Record<string, [got: unknown, wanted: unknown]> = {
    method: [method, wants.method ?? 'POST'],
    path: [url.pathname, path],
    'content-type': [headers['content-type'], typeOf(wants)],
    accept: [headers.accept?.includes('application/json'), true],
    authorization: [headers.authorization, wants.client === 'basic' ? basic() : undefined],
    client_id: [fields.client_id, wants.client === 'post' || wants.client === 'id' ? APP.clientId : undefined],
    client_secret: [fields.client_secret, wants.client === 'post' ? APP.clientSecret : undefined],
  };
  const { refreshToken: name = 'refresh_token' } = wants;
  if (name !== 'none') expected[name] = [fields[name], refreshToken];
  for (const [field, value] of Object.entries(wants.fields ?? {})) expected[field] = [fields[field], value];
  for (const [field, value] of Object.entries(wants.query ?? {}))
    expected[`?${field}`] = [url.searchParams.get(field), value];
  for (const [field, value] of Object.entries(wants.headers ?? {})) expected[field] = [headers[field], value];
  return Object.entries(expected).flatMap(([what, [got, wanted]]) =>
    got === wanted ? [] : [`${what}: ${String(got)}, where ${String(wanted)} is wanted`],
  );
}

function fieldsOf({ method, body }: Wants, url: URL, text: string): Record<string, unknown> {
  if (method === 'GET') return Object.fromEntries(url.searchParams);
  return body === 'json' ? JSON.parse(text) : Object.fromEntries(new URLSearchParams(text));
}

function typeOf({ body, method }: Wants): string | undefined {
  if (method === 'GET') return undefined;
  return body === 'json' ? 'application/json' : 'application/x-www-form-urlencoded';
}

/** RFC 6749 §2.3.1: form-encoded, then base64. */
function basic(): string {
  const [id, secret] = [APP.clientId, APP.clientSecret].map((text) =>
    new URLSearchParams({ a: text }).toString().slice(2),
  );
  return `Basic ${btoa(`${id}:${secret}`)}`;
}
