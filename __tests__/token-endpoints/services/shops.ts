import { asksAgain, insists, kept, over, putOff, type Service } from '../service.js';

const GRANT = { fields: { grant_type: 'refresh_token' } };

/** Those that sell, and are paid. */
export const SHOPS: Service[] = [
  {
    name: 'Amazon SP-API',
    code: `bearer(api, {
  header: 'x-amz-access-token',
  scheme: '',
  tokens: saved,
  source: refreshToken({
    tokenEndpoint: 'https://api.amazon.com/auth/o2/token',
    clientId,
    clientSecret,
    clientAuth: 'post',
  }),
});`,
    path: '/auth/o2/token',
    wants: { client: 'post', ...GRANT },
    rotates: false,
    answer: ({ access, refresh }) => ({
      access_token: access,
      token_type: 'bearer',
      expires_in: 3600,
      refresh_token: refresh,
    }),
    bearer: { header: 'x-amz-access-token', scheme: '' },
    situations: [
      over('revoked: 400 `invalid_grant`', 400, { error: 'invalid_grant' }),
      over('another secret: 401 `invalid_client`', 401, { error: 'invalid_client' }),
      kept('a bad day: 500 `ServerError`', 500, { error: 'ServerError' }),
    ],
    notes: ['The API answers an expired token with 403: `shouldRefresh: ({ status }) => [401, 403].includes(status)`.'],
  },
  {
    name: 'Shopify',
    code: `bearer(api, {
  header: 'X-Shopify-Access-Token',
  scheme: '',
  tokens: saved,
  source: refreshToken({
    tokenEndpoint: 'https://shop.myshopify.com/admin/oauth/access_token',
    clientId,
    clientSecret,
    clientAuth: 'post',
  }),
});`,
    path: '/admin/oauth/access_token',
    wants: { client: 'post', ...GRANT },
    rotates: true,
    answer: ({ access, refresh }) => ({
      access_token: access,
      scope: 'read_products',
      expires_in: 3600,
      refresh_token: refresh,
      refresh_token_expires_in: 7776000,
    }),
    bearer: { header: 'x-shopify-access-token', scheme: '' },
    situations: [
      over('expired or spent: 400 with an OAuth error', 400, { error: 'invalid_request' }),
      insists('uninstalled: 400 with a page', 400, '<h1>Oauth error</h1>'),
      putOff('too many: 429 with `Retry-After`', { errors: 'limit' }),
    ],
    notes: ['Offline tokens that expire (`expiring=1` at the login). For one’s own shop: `clientCredentials`.'],
  },
  {
    name: 'PayPal',
    code: `bearer(api, {
  source: clientCredentials({ tokenEndpoint: 'https://api-m.paypal.com/v1/oauth2/token', clientId, clientSecret }),
});`,
    path: '/v1/oauth2/token',
    wants: { client: 'basic', refreshToken: 'none', fields: { grant_type: 'client_credentials' } },
    rotates: false,
    answer: ({ access }) => ({
      scope: 'https://uri.example',
      access_token: access,
      token_type: 'Bearer',
      app_id: 'APP-1',
      expires_in: 32400,
      nonce: 'n',
    }),
    situations: [
      asksAgain('another secret: 401 `invalid_client`', 401, { error: 'invalid_client' }),
      kept('too many: 429 `RATE_LIMIT_REACHED`', 429, { name: 'RATE_LIMIT_REACHED', message: 'limit' }),
    ],
    notes: ['While a token lives the same one comes again, with fewer seconds: then it serves on.'],
  },
];
