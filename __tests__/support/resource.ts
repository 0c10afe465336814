import type { IncomingMessage, ServerResponse } from 'node:http';
import type { default as Provider } from 'oidc-provider';

// For a page of another origin, which is to read the challenge too.
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Headers': 'Authorization',
  'Access-Control-Expose-Headers': 'WWW-Authenticate',
  'Access-Control-Max-Age': '600',
};

/**
 * Answers a token that the provider does not know with a challenge of RFC 6750 §3.
 *
 * @returns was the request allowed?
 */
export async function resource(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<boolean> {
  for (const [name, value] of Object.entries(CORS)) response.setHeader(name, value);
  if (request.method === 'OPTIONS') {
    response.writeHead(204).end();
    return true;
  }
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  const known = token && ((await provider.AccessToken.find(token)) ?? (await provider.ClientCredentials.find(token)));
  if (!known) {
    const challenge = `Bearer realm="resource"${token ? ', error="invalid_token", error_description="expired"' : ''}`;
    response.writeHead(401, { 'WWW-Authenticate': challenge }).end();
    return false;
  }
  const owner = 'accountId' in known ? known.accountId : known.clientId;
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ owner }));
  return true;
}
