import type { AxiosInstance } from 'axios';
import { configError } from '../errors.js';
import { own } from '../platform/own.js';
import { parseUrl } from '../platform/url.js';
import { answerOf, isTransientStatus } from './answer.js';
import { sendBare } from './client.js';
import type { SourceContext } from './source.js';

/** Where an authorization server is asked. */
export interface Endpoints {
  /** Where tokens are asked for (RFC 6749 §3.2). */
  tokenEndpoint: string;
  /** Where `signOut()` revokes (RFC 7009 §2). Default: none, and `signOut()` revokes nothing. */
  revocationEndpoint?: string | undefined;
}

interface Metadata {
  issuer?: unknown;
  token_endpoint?: string;
  revocation_endpoint?: string;
}

/**
 * The endpoints as given, and what the issuer's metadata says of the others, read when first needed.
 *
 * @throws ERR_BEARER_CONFIG
 */
export function endpointsOf({ issuer, tokenEndpoint, revocationEndpoint }: Partial<Endpoints> & { issuer?: string }) {
  if (!issuer && !tokenEndpoint) throw configError('tokenEndpoint', 'given, or issuer to find it by', tokenEndpoint);
  let metadata: Metadata = own({});
  let isRead = !issuer;
  return async (ctx: SourceContext): Promise<Endpoints> => {
    if (!isRead) metadata = await discover(issuer as string, ctx);
    isRead = true;
    return {
      tokenEndpoint: tokenEndpoint ?? (metadata.token_endpoint as string),
      revocationEndpoint: revocationEndpoint ?? metadata.revocation_endpoint,
    };
  };
}

/** RFC 8414 §3.1, or OpenID Connect's older place. */
async function discover(issuer: string, { client }: SourceContext): Promise<Metadata> {
  const { origin, pathname } = parseUrl(issuer) ?? {};
  if (!origin || pathname === undefined) throw configError('issuer', 'a URL such as https://auth.example.com', issuer);
  const path = pathname.replace(/\/$/, '');
  const places = [`/.well-known/oauth-authorization-server${path}`, `${path}/.well-known/openid-configuration`];
  for (const place of places) {
    const metadata: Metadata = await read(client, origin + place);
    if (metadata.issuer) return checked(issuer, metadata);
  }
  throw new Error(`${issuer} publishes no metadata: give tokenEndpoint instead of issuer`);
}

/** `{}`: it is not there. Servers say so with any 4xx, or with a page. */
async function read(client: AxiosInstance, url: string): Promise<Metadata> {
  try {
    return own<Metadata>(await sendBare(client, { url }));
  } catch (error) {
    const { status = 0 } = answerOf(error);
    if (status >= 400 && !isTransientStatus(status)) return own({});
    throw error;
  }
}

/** Metadata that speaks of another issuer would send the refresh token there (RFC 8414 §3.3). */
function checked(issuer: string, metadata: Metadata): Metadata {
  // A slash after the host means nothing (RFC 3986 §6.2.3).
  if (parseUrl(String(metadata.issuer))?.href !== parseUrl(issuer)?.href)
    throw new Error(
      `The metadata of ${issuer} is of another issuer, ${metadata.issuer}: give the option issuer to the letter`,
    );
  if (typeof metadata.token_endpoint !== 'string') throw new Error(`The metadata of ${issuer} has no token_endpoint`);
  return metadata;
}
