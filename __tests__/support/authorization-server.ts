import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ClientMetadata, default as Provider } from 'oidc-provider';
import { resource } from './resource.js';

export const CONFIDENTIAL = { clientId: 'service', clientSecret: 'p:ss & "word"+%' };
export const PUBLIC = { clientId: 'my-app' };

// Node's 5 s would cut an idle connection just as a client takes it up again.
const KEEP_ALIVE_MS = 60_000;

type Expirable = { destroy(): Promise<void> };
type Guest = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

/** A real authorization server: refresh tokens rotate, and one that is presented twice takes the whole grant with it. */
export interface AuthorizationServer {
  readonly issuer: string;
  readonly tokenEndpoint: string;
  readonly revocationEndpoint: string;
  /** A resource that answers a token it does not know with a challenge of RFC 6750 §3. */
  readonly resource: string;
  /** Of the grants that were taken back: with nobody signing out, each is a refresh token presented twice. */
  readonly revoked: number;
  /** The accounts that those were of. */
  readonly takenBack: ReadonlySet<string>;
  /** Calls that reached the token endpoint. */
  readonly asked: number;
  /** Requests to the resource that were refused. */
  readonly refused: number;
  /** A login that needed no browser: its refresh token. */
  login(clientId?: string, accountId?: string): Promise<string>;
  isActive(accessToken: string): Promise<boolean>;
  /** All access tokens are over, before their time. */
  expire(): Promise<void>;
  /** The grants of a user are taken back, with all that came of them. */
  takeBack(accountId: string): Promise<void>;
  /** Called before each request; `true`: it has seen to the answer. */
  intercept(guest: Guest | undefined): void;
  /** The next call to the token endpoint is served, and its answer lost on the way. */
  cutNextAnswer(): void;
  /** From now on each refresh token may be presented again, until the same is said with `false`: a reuse interval. */
  forgive(does: boolean): void;
  close(): Promise<void>;
}

/** How a server is started. */
export interface ServerOptions {
  /** Seconds that an access token lives; the server counts in whole ones. Default 2. */
  readonly ttl?: number;
  /** The address that it listens on. Default: none that another host could reach. */
  readonly host?: string;
}

export async function startAuthorizationServer({
  ttl = 2,
  host = '127.0.0.1',
}: ServerOptions = {}): Promise<AuthorizationServer> {
  let handle: (request: IncomingMessage, response: ServerResponse) => void = () => {};
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = await providerOf(issuer, ttl);
  const answer = provider.callback();

  const counts = { revoked: 0, asked: 0, refused: 0 };
  const issued: Expirable[] = [];
  const grants: { accountId?: string | undefined; jti: string }[] = [];
  const takenBack = new Set<string>();
  provider.on('grant.revoked', (_, grantId) => {
    counts.revoked++;
    takenBack.add(grants.find(({ jti }) => jti === grantId)?.accountId ?? 'nobody');
  });
  provider.on('grant.saved' as never, ((grant: (typeof grants)[0]) => grants.push(grant)) as never);
  provider.on('access_token.saved', (token) => issued.push(token));
  provider.on('client_credentials.saved', (token) => issued.push(token));
  let forgiving = false;
  const { consume } = provider.RefreshToken.prototype;
  provider.RefreshToken.prototype.consume = async function () {
    if (!forgiving) await consume.call(this);
  };
  let guest: Guest | undefined;
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    if (request.url === '/token') counts.asked++;
    if (await guest?.(request, response)) return;
    if (!request.url?.startsWith('/resource')) answer(request, response);
    else if (!(await resource(provider, request, response))) counts.refused++;
  };
  handle = (request, response) => void serve(request, response);

  return {
    issuer,
    tokenEndpoint: `${issuer}/token`,
    revocationEndpoint: `${issuer}/token/revocation`,
    resource: `${issuer}/resource`,
    get revoked() {
      return counts.revoked;
    },
    takenBack,
    get asked() {
      return counts.asked;
    },
    get refused() {
      return counts.refused;
    },
    login: (clientId = CONFIDENTIAL.clientId, accountId = 'ada') => login(provider, clientId, accountId),
    isActive: async (accessToken) => Boolean(await provider.AccessToken.find(accessToken)),
    expire: async () => {
      for (const token of issued.splice(0)) await token.destroy();
    },
    takeBack: async (accountId) => {
      for (const grant of grants.filter((each) => each.accountId === accountId)) {
        await provider.RefreshToken.revokeByGrantId(grant.jti);
        await provider.AccessToken.revokeByGrantId(grant.jti);
      }
    },
    cutNextAnswer: () => {
      guest = (request, response) => {
        if (request.url !== '/token') return false;
        guest = undefined;
        const cut = () => {
          request.socket.destroy();
          return response;
        };
        Object.assign(response, { write: () => true, end: cut });
        return false;
      };
    },
    forgive: (does) => {
      forgiving = does;
    },
    intercept: (next) => {
      guest = next;
    },
    close: () => close(server),
  };
}

async function providerOf(issuer: string, ttl: number): Promise<Provider> {
  // It warns of what only production needs.
  const { warn, info } = console;
  Object.assign(console, { warn: () => {}, info: () => {} });
  const { default: Provider } = await import('oidc-provider');
  const client = (more: ClientMetadata): ClientMetadata => ({
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: ['https://app.example/callback'],
    ...more,
  });
  const provider = new Provider(issuer, {
    clients: [
      client({
        client_id: CONFIDENTIAL.clientId,
        client_secret: CONFIDENTIAL.clientSecret,
        grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      }),
      client({
        client_id: 'poster',
        client_secret: CONFIDENTIAL.clientSecret,
        token_endpoint_auth_method: 'client_secret_post',
      }),
      client({ client_id: PUBLIC.clientId, token_endpoint_auth_method: 'none' }),
    ],
    scopes: ['openid', 'offline_access', 'read', 'write'],
    ttl: { AccessToken: ttl, ClientCredentials: ttl, RefreshToken: 3600, Grant: 3600 },
    rotateRefreshToken: true,
    clientBasedCORS: () => true,
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      revocation: { enabled: true, allowedPolicy: () => true },
    },
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  });
  Object.assign(console, { warn, info });
  return provider;
}

async function login(provider: Provider, clientId: string, accountId: string): Promise<string> {
  const client = await provider.Client.find(clientId);
  if (!client) throw new Error(`No client ${clientId}`);
  const grant = new provider.Grant({ clientId, accountId });
  const scope = 'offline_access read write';
  grant.addOIDCScope(scope);
  const grantId = await grant.save();
  const token = new provider.RefreshToken({
    client,
    accountId,
    grantId,
    scope,
    gty: 'authorization_code',
    expiresWithSession: false,
  } as never);
  return token.save();
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
