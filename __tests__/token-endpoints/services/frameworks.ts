import { insists, kept, over, putOff, refreshing, type Service } from '../service.js';

const POST = "clientId,\nclientSecret,\nclientAuth: 'post',";
const BASIC = 'clientId,\nclientSecret,';
const GRANT = { fields: { grant_type: 'refresh_token' } };

/** What the backend of an app is made with. */
export const FRAMEWORKS: Service[] = [
  {
    name: 'Firebase Authentication',
    code: `bearer(api, {
  tokens: saved,
  source: refreshToken({
    tokenEndpoint: \`https://securetoken.googleapis.com/v1/token?key=\${apiKey}\`,
    clientAuth: () => {}, // it knows of no clients
    readResponse: ({ id_token, ...rest }) => ({ ...rest, access_token: id_token }),
  }),
});`,
    path: '/v1/token',
    wants: { query: { key: 'the-key' }, fields: { grant_type: 'refresh_token' } },
    rotates: false,
    answer: ({ access, refresh }) => ({
      expires_in: '3600',
      token_type: 'Bearer',
      refresh_token: refresh,
      id_token: access,
      user_id: 'ada',
      project_id: '1',
    }),
    situations: [
      insists('revoked: 400 `TOKEN_EXPIRED`', 400, {
        error: { code: 400, message: 'TOKEN_EXPIRED', status: 'INVALID_ARGUMENT' },
      }),
      insists('the user is no more: 400 `USER_NOT_FOUND`', 400, {
        error: { code: 400, message: 'USER_NOT_FOUND', status: 'INVALID_ARGUMENT' },
      }),
      kept('too many: 429 `RESOURCE_EXHAUSTED`', 429, { error: { code: 429, status: 'RESOURCE_EXHAUSTED' } }),
      kept('a bad day: 503 `UNAVAILABLE`', 503, { error: { code: 503, status: 'UNAVAILABLE' } }),
    ],
    notes: ['What goes to an API is the ID token.'],
  },
  {
    name: 'Supabase Auth',
    code: `bearer(api, {
  tokens: saved,
  source: refreshToken({
    tokenEndpoint: 'https://project.supabase.co/auth/v1/token?grant_type=refresh_token',
    clientAuth: () => {}, // it knows of no clients
    encoding: 'json',
    headers: { apikey: apiKey },
  }),
});`,
    path: '/auth/v1/token',
    wants: { body: 'json', query: { grant_type: 'refresh_token' }, headers: { apikey: 'the-key' } },
    rotates: true,
    answer: ({ access, refresh }) => ({
      access_token: access,
      token_type: 'bearer',
      expires_in: 3600,
      expires_at: Math.floor(Date.now() / 1000) + 3600,
      refresh_token: refresh,
      user: { id: 'ada' },
    }),
    situations: [
      insists('revoked: 400 `refresh_token_not_found`', 400, { error_code: 'refresh_token_not_found', msg: 'gone' }),
      over('the same, of older versions: 400 `invalid_grant`', 400, { error: 'invalid_grant' }),
      kept('too many: 429 `over_request_rate_limit`', 429, { error_code: 'over_request_rate_limit', msg: 'limit' }),
    ],
    notes: ['A spent refresh token is borne for ten seconds by default.'],
  },
  {
    name: 'Laravel Passport',
    code: refreshing('https://app.example.com/oauth/token', POST),
    path: '/oauth/token',
    wants: { client: 'post', ...GRANT },
    rotates: true,
    answer: ({ access, refresh }) => ({
      token_type: 'Bearer',
      expires_in: 1296000,
      access_token: access,
      refresh_token: refresh,
    }),
    situations: [
      over('expired, revoked or spent: 400 `invalid_grant`', 400, { error: 'invalid_grant', hint: 'revoked' }),
      over('the same, of older versions: 401 `invalid_request`', 401, { error: 'invalid_request', hint: 'revoked' }),
      putOff('too many: 429 with `Retry-After`', { message: 'Too Many Attempts.' }),
    ],
    notes: [],
  },
  {
    name: 'Laravel Sanctum',
    code: 'bearer(api, { source: staticToken(token) });',
    wants: {},
    rotates: false,
    answer: () => ({}),
    situations: [
      { told: 'never; the API: 401', reply: { status: 401, body: {} }, caller: 401, session: 'kept', asked: 0 },
    ],
    notes: [
      'A token of Sanctum’s is not refreshed: its 401 is handed on.',
      'With its cookies: `header: false`, as [Cookies](reference/cookies.md) has it; a CSRF header is written in `beforeSend`.',
    ],
  },
  {
    name: 'Django REST framework with simplejwt',
    code: `bearer(api, {
  tokens: saved,
  source: async ({ refreshToken }, { client }) => {
    const { data } = await client.post('/api/token/refresh/', { refresh: refreshToken });
    return { access_token: data.access, refresh_token: data.refresh };
  },
});`,
    path: '/api/token/refresh/',
    wants: { body: 'json', refreshToken: 'refresh' },
    rotates: true,
    answer: ({ access, refresh }) => ({ access, refresh }),
    situations: [
      over('expired or blacklisted: 401 `token_not_valid`', 401, { detail: 'no', code: 'token_not_valid' }),
      putOff('too many: 429 with `Retry-After`', { detail: 'limit' }),
      kept('a bad day: 500 with a page', 500),
    ],
    notes: ['When the token ends is read from the JWT. A new `refresh` comes with `ROTATE_REFRESH_TOKENS` only.'],
  },
  {
    name: 'Doorkeeper',
    code: refreshing('https://app.example.com/oauth/token', BASIC),
    path: '/oauth/token',
    wants: { client: 'basic', ...GRANT },
    rotates: true,
    answer: ({ access, refresh }) => ({
      access_token: access,
      token_type: 'Bearer',
      expires_in: 7200,
      refresh_token: refresh,
      scope: 'read',
      created_at: 1700000000,
    }),
    situations: [
      over('revoked or spent: 400 `invalid_grant`', 400, { error: 'invalid_grant', error_description: 'no' }),
      over('another secret: 401 `invalid_client`', 401, { error: 'invalid_client' }),
      kept('a bad day: 503 with a page', 503),
    ],
    notes: [],
  },
  {
    name: 'Spring Authorization Server',
    code: refreshing('https://id.example.com/oauth2/token', BASIC),
    path: '/oauth2/token',
    wants: { client: 'basic', ...GRANT },
    rotates: false,
    answer: ({ access, refresh }) => ({
      access_token: access,
      refresh_token: refresh,
      scope: 'read',
      token_type: 'Bearer',
      expires_in: 299,
    }),
    situations: [
      over('expired or revoked: 400 `invalid_grant`', 400, { error: 'invalid_grant' }),
      over('another secret: 401 `invalid_client`', 401, { error: 'invalid_client' }),
      kept('a gateway in front: 503', 503, { status: 503, error: 'Service Unavailable', path: '/oauth2/token' }),
    ],
    notes: ['The refresh token is kept, unless `reuseRefreshTokens` is off.'],
  },
  {
    name: 'Nest, Express: a route of one’s own',
    code: `bearer(api, {
  tokens: saved,
  source: async ({ refreshToken }, { client }) => (await client.post('/auth/refresh', { refreshToken })).data,
});`,
    path: '/auth/refresh',
    wants: { body: 'json', refreshToken: 'refreshToken' },
    rotates: true,
    answer: ({ access, refresh }) => ({ accessToken: access, refreshToken: refresh }),
    situations: [
      over('expired or spent: 401', 401, { statusCode: 401, message: 'Unauthorized' }),
      kept('too many: 429', 429, { statusCode: 429, message: 'limit' }),
      kept('a bad day: 500', 500, { statusCode: 500, message: 'no' }),
    ],
    notes: ['`accessToken`, `refreshToken`, `expiresIn` are read too.'],
  },
];
