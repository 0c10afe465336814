import { insists, kept, noToken, over, putOff, refreshing, type Service } from '../service.js';

const POST = "clientId,\nclientSecret,\nclientAuth: 'post',";
const BASIC = 'clientId,\nclientSecret,';
const GRANT = { fields: { grant_type: 'refresh_token' } };

/** What people watch, hear, measure and post. */
export const PEOPLE: Service[] = [
  {
    name: 'Spotify',
    code: refreshing('https://accounts.spotify.com/api/token', BASIC),
    path: '/api/token',
    wants: { client: 'basic', ...GRANT },
    rotates: false,
    answer: ({ access }) => ({ access_token: access, token_type: 'Bearer', scope: 'user-read', expires_in: 3600 }),
    situations: [
      over('revoked: 400 `invalid_grant`', 400, { error: 'invalid_grant', error_description: 'revoked' }),
      putOff('too many: 429 with `Retry-After`', {}),
      kept('a bad day: 503', 503, {}),
    ],
    notes: ['With PKCE leave `clientSecret` out; then the refresh token rotates.'],
  },
  {
    name: 'Strava',
    code: refreshing('https://www.strava.com/api/v3/oauth/token', POST),
    path: '/api/v3/oauth/token',
    wants: { client: 'post', ...GRANT },
    rotates: true,
    answer: ({ access, refresh }) => ({
      token_type: 'Bearer',
      access_token: access,
      expires_at: Math.floor(Date.now() / 1000) + 21600,
      expires_in: 21600,
      refresh_token: refresh,
    }),
    situations: [
      insists('revoked: 400 `Bad Request`', 400, {
        message: 'Bad Request',
        errors: [{ resource: 'RefreshToken', field: 'refresh_token', code: 'invalid' }],
      }),
      kept('too many: 429', 429, { message: 'Rate Limit Exceeded', errors: [] }),
    ],
    notes: ['Saved tokens have `expires_at`, which is read.'],
  },
  {
    name: 'Fitbit',
    code: refreshing('https://api.fitbit.com/oauth2/token', BASIC),
    path: '/oauth2/token',
    wants: { client: 'basic', ...GRANT },
    rotates: true,
    answer: ({ access, refresh }) => ({
      access_token: access,
      expires_in: 28800,
      refresh_token: refresh,
      scope: 'sleep',
      token_type: 'Bearer',
      user_id: '1',
    }),
    situations: [
      insists('revoked or spent: 400 `errorType: invalid_grant`', 400, {
        errors: [{ errorType: 'invalid_grant', message: 'no' }],
        success: false,
      }),
      kept('too many: 429', 429, { errors: [{ errorType: 'request' }], success: false }),
    ],
    notes: [],
  },
  {
    name: 'Withings',
    code: `bearer(api, {
  tokens: saved,
  source: refreshToken({
    tokenEndpoint: 'https://wbsapi.withings.net/v2/oauth2',
    clientId,
    clientSecret,
    clientAuth: 'post',
    params: { action: 'requesttoken' },
    readResponse: ({ body }) => body,
    isRejected: ({ error }: any) => /refresh_token/.test(error),
  }),
});`,
    path: '/v2/oauth2',
    wants: { client: 'post', fields: { grant_type: 'refresh_token', action: 'requesttoken' } },
    rotates: true,
    answer: ({ access, refresh }) => ({
      status: 0,
      body: { access_token: access, refresh_token: refresh, expires_in: 10800, token_type: 'Bearer', userid: '1' },
    }),
    situations: [
      over('expired or spent: 200 with `status: 503`', 200, { status: 503, body: {}, error: 'Invalid refresh_token' }),
      noToken('too many: 200 with `status: 601`', { status: 601, body: {}, error: 'too many' }),
    ],
    notes: [
      'Each answer is a 200; what it is stands in `status`.',
      'The API says so of an expired token too: `shouldRefresh: ({ data }) => data.status === 401`.',
    ],
  },
  {
    name: 'Twitch',
    code: refreshing('https://id.twitch.tv/oauth2/token', POST),
    path: '/oauth2/token',
    wants: { client: 'post', ...GRANT },
    rotates: true,
    answer: ({ access, refresh }) => ({
      access_token: access,
      refresh_token: refresh,
      expires_in: 14400,
      scope: ['chat:read'],
      token_type: 'bearer',
    }),
    situations: [
      insists('revoked: 400 `Bad Request`', 400, { error: 'Bad Request', status: 400, message: 'no' }),
      insists('the user has disconnected the app: 401', 401, { status: 401, message: 'no' }),
      kept('a bad day: 503 with a page', 503),
    ],
    notes: [],
  },
  {
    name: 'LinkedIn',
    code: refreshing('https://www.linkedin.com/oauth/v2/accessToken', POST),
    path: '/oauth/v2/accessToken',
    wants: { client: 'post', ...GRANT },
    rotates: false,
    answer: ({ access, refresh }) => ({
      access_token: access,
      expires_in: 5184000,
      refresh_token: refresh,
      refresh_token_expires_in: 31536000,
      scope: 'r_basicprofile',
    }),
    situations: [
      over('expired or revoked: 400 `invalid_grant`, `invalid_request`', 400, { error: 'invalid_request' }),
      kept('too many: 429', 429, { serviceErrorCode: 101, status: 429 }),
    ],
    notes: ['The life of the refresh token is not prolonged by its use: after a year somebody signs in.'],
  },
  {
    name: 'Meta',
    code: `bearer(api, {
  leeway: 7 * 24 * 60 * 60_000, // only a live token can be exchanged
  tokens: saved,
  source: {
    refresh: async ({ accessToken }, { client }) => {
      const params = {
        grant_type: 'fb_exchange_token',
        client_id: clientId,
        client_secret: clientSecret,
        fb_exchange_token: accessToken,
      };
      return (await client.get('https://graph.facebook.com/v23.0/oauth/access_token', { params })).data;
    },
    isRejected: (failure: any) => failure.response?.data?.error?.code === 190,
  },
});`,
    path: '/v23.0/oauth/access_token',
    wants: { method: 'GET', client: 'post', refreshToken: 'none', fields: { grant_type: 'fb_exchange_token' } },
    rotates: false,
    answer: ({ access }) => ({ access_token: access, token_type: 'bearer', expires_in: 5183944 }),
    situations: [
      over('expired or revoked: 400 with `code: 190`', 400, { error: { type: 'OAuthException', code: 190 } }),
      kept('too many: 400 with `code: 4`', 400, { error: { type: 'OAuthException', code: 4 } }, 1),
      kept('a bad day: 500 with `code: 2`', 500, { error: { type: 'OAuthException', code: 2 } }),
    ],
    notes: [
      'No OAuth refresh: the access token itself is exchanged.',
      'A failed call is named by `code`, whatever its status: `isRejected` tells a refusal from a throttle.',
    ],
  },
];
