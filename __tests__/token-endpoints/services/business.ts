import { insists, kept, over, refreshing, type Service } from '../service.js';

const POST = "clientId,\nclientSecret,\nclientAuth: 'post',";
const BASIC = 'clientId,\nclientSecret,';
const GRANT = { fields: { grant_type: 'refresh_token' } };

/** Those that keep a company's books and customers. */
export const BUSINESS: Service[] = [
  {
    name: 'Salesforce',
    code: refreshing('https://login.salesforce.com/services/oauth2/token', POST),
    path: '/services/oauth2/token',
    wants: { client: 'post', ...GRANT },
    rotates: false,
    answer: ({ access }) => ({
      access_token: access,
      instance_url: 'https://na1.example',
      id: 'https://login.example/id',
      token_type: 'Bearer',
      issued_at: '1700000000000',
      signature: 's',
    }),
    situations: [
      over('expired or revoked: 400 `invalid_grant`', 400, { error: 'invalid_grant', error_description: 'expired' }),
      kept('a bad day: 503 with a page', 503),
    ],
    notes: ['Nobody says when the token ends: a 401 tells. `instance_url` is in `token.extra`.'],
  },
  {
    name: 'HubSpot',
    code: refreshing('https://api.hubapi.com/oauth/v1/token', POST),
    path: '/oauth/v1/token',
    wants: { client: 'post', ...GRANT },
    rotates: false,
    answer: ({ access, refresh }) => ({
      token_type: 'bearer',
      refresh_token: refresh,
      access_token: access,
      expires_in: 1800,
    }),
    situations: [
      insists('revoked: 400 `BAD_REFRESH_TOKEN`', 400, {
        status: 'BAD_REFRESH_TOKEN',
        message: 'no',
        correlationId: '1',
      }),
      kept('too many: 429 `RATE_LIMIT`', 429, { status: 'error', errorType: 'RATE_LIMIT', message: 'limit' }),
    ],
    notes: [],
  },
  {
    name: 'Xero',
    code: refreshing('https://identity.xero.com/connect/token', BASIC),
    path: '/connect/token',
    wants: { client: 'basic', ...GRANT },
    rotates: true,
    answer: ({ access, refresh }) => ({
      access_token: access,
      expires_in: 1800,
      token_type: 'Bearer',
      refresh_token: refresh,
      scope: 'offline_access',
    }),
    situations: [
      over('expired, revoked or spent: 400 `invalid_grant`', 400, { error: 'invalid_grant' }),
      kept('a bad day: 502 with a page', 502),
    ],
    notes: ['A spent refresh token is borne for half an hour.'],
  },
  {
    name: 'QuickBooks Online',
    code: refreshing('https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer', BASIC),
    path: '/oauth2/v1/tokens/bearer',
    wants: { client: 'basic', ...GRANT },
    rotates: true,
    answer: ({ access, refresh }) => ({
      x_refresh_token_expires_in: 8726400,
      refresh_token: refresh,
      access_token: access,
      token_type: 'bearer',
      expires_in: 3600,
    }),
    situations: [
      over('expired, revoked or spent: 400 `invalid_grant`', 400, { error: 'invalid_grant' }),
      over('another secret: 401 `invalid_client`', 401, { error: 'invalid_client' }),
      kept('a bad day: 500', 500, {}),
    ],
    notes: [],
  },
  {
    name: 'Zoho',
    code: `bearer(api, {
  scheme: 'Zoho-oauthtoken',
  tokens: saved,
  source: refreshToken({
    tokenEndpoint: 'https://accounts.zoho.com/oauth/v2/token',
    clientId,
    clientSecret,
    clientAuth: 'post',
    isRejected: (answer: any) => answer.error === 'invalid_code',
  }),
});`,
    path: '/oauth/v2/token',
    wants: { client: 'post', ...GRANT },
    rotates: false,
    answer: ({ access }) => ({
      access_token: access,
      api_domain: 'https://www.example',
      token_type: 'Bearer',
      expires_in: 3600,
    }),
    bearer: { header: 'authorization', scheme: 'Zoho-oauthtoken' },
    situations: [
      over('revoked: 200 with `error: invalid_code`', 200, { error: 'invalid_code' }),
      kept('too many: 400 `Access Denied`', 400, { error: 'Access Denied', status: 'failure' }, 1),
    ],
    notes: [
      'Ten tokens in ten minutes are too many, and that is a 400 each time: without `isRejected` it would count as a refusal.',
    ],
  },
  {
    name: 'Exact Online',
    code: `bearer(api, {
  leeway: 25_000, // no sooner than 30 s before the end
  tokens: saved,
  source: refreshToken({
    tokenEndpoint: 'https://start.exactonline.nl/api/oauth2/token',
    clientId,
    clientSecret,
    clientAuth: 'post',
  }),
});`,
    path: '/api/oauth2/token',
    wants: { client: 'post', ...GRANT },
    rotates: true,
    answer: ({ access, refresh }) => ({
      access_token: access,
      token_type: 'bearer',
      expires_in: '600',
      refresh_token: refresh,
    }),
    situations: [
      over('spent or expired: 400 `invalid_grant`', 400, { error: 'invalid_grant' }),
      {
        ...kept('too early, the token still good: 403 `access_denied`', 403, { error: 'access_denied' }, 1),
        caller: 200,
        live: true,
      },
      kept('too many: 429', 429, {}),
    ],
    notes: ['`expires_in` is a text, and is read all the same.'],
  },
];
