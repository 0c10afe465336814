import type { TokenSource } from 'axios-bearer';
import { type Configuration, refreshTokenGrant, tokenRevocation } from 'openid-client';

/** openid-client speaks to the authorization server, axios-bearer decides when. */
export function openid(configuration: Configuration): TokenSource {
  return {
    needsRefreshToken: true,
    refresh: ({ refreshToken = '' }) => refreshTokenGrant(configuration, refreshToken),
    revoke: ({ refreshToken = '' }) => tokenRevocation(configuration, refreshToken),
  };
}
