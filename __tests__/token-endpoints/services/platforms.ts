import { asksAgain, kept, noToken, over, putOff, refreshing, type Service } from '../service.js';

const POST = "clientId,\nclientSecret,\nclientAuth: 'post',";
const BASIC = 'clientId,\nclientSecret,';
const GRANT = { fields: { grant_type: 'refresh_token' } };

/** Code, messages, meetings. */
export const PLATFORMS: Service[] = [
  {
    name: 'GitHub Apps',
    code: refreshing('https://github.com/login/oauth/access_token', POST),
    path: '/login/oauth/access_token',
    wants: { client: 'post', ...GRANT },
    rotates: true,
    answer: ({ access, refresh }) => ({
      access_token: access,
      expires_in: 28800,
      refresh_token: refresh,
      refresh_token_expires_in: 15897600,
      scope: '',
      token_type: 'bearer',
    }),
    situations: [
      over('expired or spent: 200 with `error: bad_refresh_token`', 200, { error: 'bad_refresh_token' }),
      over('another secret: 200 with `error: incorrect_client_credentials`', 200, {
        error: 'incorrect_client_credentials',
      }),
      kept('a bad day: 502 with a page', 502),
    ],
    notes: ['It answers with a form unless JSON is asked for; both are read.'],
  },
  {
    name: 'Slack',
    code: refreshing('https://slack.com/api/oauth.v2.access', BASIC),
    path: '/api/oauth.v2.access',
    wants: { client: 'basic', ...GRANT },
    rotates: true,
    answer: ({ access, refresh }) => ({
      ok: true,
      access_token: access,
      refresh_token: refresh,
      expires_in: 43200,
      token_type: 'bot',
      scope: 'chat:write',
      team: { id: 'T1' },
    }),
    situations: [
      over('revoked or spent: 200 with `error: invalid_refresh_token`', 200, {
        ok: false,
        error: 'invalid_refresh_token',
      }),
      noToken('a bad day: 200 with `error: internal_error`', { ok: false, error: 'internal_error' }),
      putOff('too many: 429 with `Retry-After`', { ok: false, error: 'ratelimited' }),
    ],
    notes: ['A user’s token rather than the bot’s: `readResponse: ({ authed_user }) => authed_user`.'],
  },
  {
    name: 'Atlassian',
    code: refreshing('https://auth.atlassian.com/oauth/token', `${POST}\nencoding: 'json',`),
    path: '/oauth/token',
    wants: { body: 'json', client: 'post', ...GRANT },
    rotates: true,
    answer: ({ access, refresh }) => ({
      access_token: access,
      refresh_token: refresh,
      expires_in: 3600,
      scope: 'offline_access',
    }),
    situations: [
      over('expired or spent: 403 `invalid_grant`', 403, { error: 'invalid_grant', error_description: 'unknown' }),
      putOff('too many: 429 with `Retry-After`', {}),
    ],
    notes: [],
  },
  {
    name: 'Notion',
    code: refreshing('https://api.notion.com/v1/oauth/token', `${BASIC}\nencoding: 'json',`),
    path: '/v1/oauth/token',
    wants: { body: 'json', client: 'basic', ...GRANT },
    rotates: true,
    answer: ({ access, refresh }) => ({
      access_token: access,
      refresh_token: refresh,
      token_type: 'bearer',
      bot_id: 'b',
      workspace_id: 'w',
    }),
    situations: [
      over('revoked or spent: 400 `invalid_grant`', 400, { error: 'invalid_grant' }),
      putOff('too many: 429 `rate_limited` with `Retry-After`', { object: 'error', code: 'rate_limited' }),
    ],
    notes: ['Nobody says when the token ends: a 401 tells.'],
  },
  {
    name: 'Zoom',
    code: refreshing('https://zoom.us/oauth/token', BASIC),
    path: '/oauth/token',
    wants: { client: 'basic', ...GRANT },
    rotates: true,
    answer: ({ access, refresh }) => ({
      access_token: access,
      token_type: 'bearer',
      refresh_token: refresh,
      expires_in: 3599,
      scope: 'user:read',
    }),
    situations: [
      over('expired or spent: 400 or 401 `invalid_grant`, `invalid_request`', 401, {
        reason: 'no',
        error: 'invalid_grant',
      }),
      kept('too many: 429', 429, { code: 429, message: 'limit' }),
    ],
    notes: [],
  },
  {
    name: 'Zoom, server to server',
    code: `bearer(api, {
  source: clientCredentials({
    tokenEndpoint: 'https://zoom.us/oauth/token',
    clientId,
    clientSecret,
    params: { grant_type: 'account_credentials', account_id: accountId },
  }),
});`,
    path: '/oauth/token',
    wants: {
      client: 'basic',
      refreshToken: 'none',
      fields: { grant_type: 'account_credentials', account_id: 'the-account' },
    },
    rotates: false,
    answer: ({ access }) => ({ access_token: access, token_type: 'bearer', expires_in: 3599, scope: 'user:read' }),
    situations: [
      asksAgain('another secret: 400 or 401 `invalid_client`', 400, { reason: 'no', error: 'invalid_client' }),
      kept('a bad day: 500', 500, {}),
    ],
    notes: ['A new token ends the one before: several workers want one session, over a store that they share.'],
  },
  {
    name: 'api.video, with a key',
    code: 'bearer(api, { source: apiVideo({ apiKey }) });',
    path: '/auth/api-key',
    wants: { body: 'json', refreshToken: 'none', fields: { apiKey: 'the-key' } },
    rotates: false,
    answer: ({ access }) => ({ token_type: 'Bearer', expires_in: 3600, access_token: access }),
    situations: [
      asksAgain('another key: 400', 400, { title: 'no', status: 400 }),
      putOff('too many: 429 with `X-RateLimit-Retry-After`', {}, { 'X-RateLimit-Retry-After': '60' }),
    ],
    notes: ['The token is refreshed by its refresh token; the key is exchanged again when that is dead.'],
  },
  {
    name: 'api.video, with tokens',
    code: 'bearer(api, { tokens: saved, source: apiVideo({}) });',
    path: '/auth/refresh',
    wants: { body: 'json', refreshToken: 'refreshToken' },
    rotates: true,
    answer: ({ access, refresh }) => ({
      token_type: 'Bearer',
      expires_in: 3600,
      access_token: access,
      refresh_token: refresh,
    }),
    situations: [
      over('unknown or spent: 400', 400, { title: 'no', status: 400 }),
      putOff('too many: 429 with `X-RateLimit-Retry-After`', {}, { 'X-RateLimit-Retry-After': '60' }),
    ],
    notes: [],
  },
];
