import { kept, over, putOff, refreshing, type Service } from '../service.js';

const POST = "clientId,\nclientSecret,\nclientAuth: 'post',";
const BASIC = 'clientId,\nclientSecret,';

/** Those that others sign in with. */
export const IDENTITY: Service[] = [
  {
    name: 'Google',
    code: refreshing('https://oauth2.googleapis.com/token', POST),
    path: '/token',
    wants: { client: 'post', fields: { grant_type: 'refresh_token' } },
    rotates: false,
    answer: ({ access }) => ({ access_token: access, expires_in: 3599, scope: 'openid', token_type: 'Bearer' }),
    situations: [
      over('expired or revoked: 400 `invalid_grant`', 400, { error: 'invalid_grant', error_description: 'revoked' }),
      over('another secret: 401 `invalid_client`', 401, { error: 'invalid_client' }),
      kept('too many: 429', 429, { error: 'rate_limit_exceeded' }),
      kept('a bad day: 500', 500, { error: 'internal_failure' }),
    ],
    notes: [
      'There is a refresh token only where the login asked for `access_type=offline`; it is not replaced.',
      'That of an app in "testing" lives for a week.',
    ],
  },
  {
    name: 'Microsoft Entra ID',
    code: refreshing(
      'https://login.microsoftonline.com/common/oauth2/v2.0/token',
      `${POST}\nscope: 'User.Read offline_access',`,
    ),
    path: '/common/oauth2/v2.0/token',
    wants: { client: 'post', fields: { grant_type: 'refresh_token', scope: 'User.Read offline_access' } },
    rotates: true,
    answer: ({ access, refresh }) => ({
      token_type: 'Bearer',
      scope: 'User.Read',
      expires_in: 3599,
      ext_expires_in: 3599,
      access_token: access,
      refresh_token: refresh,
    }),
    situations: [
      over('expired or revoked: 400 `invalid_grant`', 400, {
        error: 'invalid_grant',
        error_description: 'AADSTS700082',
        error_codes: [700082],
        suberror: 'bad_token',
      }),
      over('a second factor is due: 400 `interaction_required`', 400, { error: 'interaction_required' }),
      putOff('too many: 429 with `Retry-After`', { error: 'too_many_requests' }),
      kept('a bad day: 503 `temporarily_unavailable`', 503, { error: 'temporarily_unavailable' }),
    ],
    notes: [
      'In a single-page app leave `clientSecret` and `clientAuth` out; the browser sends the `Origin` that is wanted. Its refresh token ends a day after the login.',
    ],
  },
  {
    name: 'Okta',
    code: refreshing('https://company.okta.com/oauth2/default/v1/token', BASIC),
    path: '/oauth2/default/v1/token',
    wants: { client: 'basic', fields: { grant_type: 'refresh_token' } },
    rotates: true,
    answer: ({ access, refresh }) => ({
      token_type: 'Bearer',
      expires_in: 3600,
      access_token: access,
      scope: 'offline_access',
      refresh_token: refresh,
    }),
    situations: [
      over('expired, revoked or spent: 400 `invalid_grant`', 400, {
        error: 'invalid_grant',
        error_description: 'expired',
      }),
      over('another secret: 401 `invalid_client`', 401, { error: 'invalid_client' }),
      kept('too many: 429 `E0000047`', 429, { errorCode: 'E0000047', errorSummary: 'too many' }),
    ],
    notes: ['Whether a refresh token rotates, and how long a spent one is borne, is the app’s setting.'],
  },
  {
    name: 'Auth0',
    code: refreshing('https://tenant.auth0.com/oauth/token', POST),
    path: '/oauth/token',
    wants: { client: 'post', fields: { grant_type: 'refresh_token' } },
    rotates: true,
    answer: ({ access, refresh }) => ({
      access_token: access,
      refresh_token: refresh,
      expires_in: 86400,
      scope: 'offline_access',
      token_type: 'Bearer',
    }),
    situations: [
      over('expired, revoked or spent: 403 `invalid_grant`', 403, {
        error: 'invalid_grant',
        error_description: 'unknown',
      }),
      kept('too many: 429', 429, { error: 'too_many_requests', error_description: 'limit' }),
    ],
    notes: ['For a first token of a service: `clientCredentials` with `params: { audience }`.'],
  },
  {
    name: 'Keycloak',
    code: refreshing('https://id.example.com/realms/main/protocol/openid-connect/token', 'clientId,'),
    path: '/realms/main/protocol/openid-connect/token',
    wants: { client: 'id', fields: { grant_type: 'refresh_token' } },
    rotates: true,
    answer: ({ access, refresh }) => ({
      access_token: access,
      expires_in: 300,
      refresh_expires_in: 1800,
      refresh_token: refresh,
      token_type: 'Bearer',
      'not-before-policy': 0,
      session_state: 's',
    }),
    situations: [
      over('expired, or its session is: 400 `invalid_grant`', 400, {
        error: 'invalid_grant',
        error_description: 'inactive',
      }),
      kept('a bad day: 503 with a page', 503),
    ],
    notes: ['A public client. A confidential one gives `clientSecret` too.', '`issuer` finds the endpoints as well.'],
  },
  {
    name: 'Amazon Cognito',
    code: refreshing('https://pool.auth.eu-west-1.amazoncognito.com/oauth2/token', BASIC),
    path: '/oauth2/token',
    wants: { client: 'basic', fields: { grant_type: 'refresh_token' } },
    rotates: false,
    answer: ({ access }) => ({ access_token: access, id_token: 'id', token_type: 'Bearer', expires_in: 3600 }),
    situations: [
      over('expired or revoked: 400 `invalid_grant`', 400, { error: 'invalid_grant' }),
      over('another secret: 400 `invalid_client`', 400, { error: 'invalid_client' }),
      kept('a bad day: 500', 500, {}),
    ],
    notes: [
      'Where the API wants the ID token: `readResponse: ({ id_token, ...rest }) => ({ ...rest, access_token: id_token })`.',
    ],
  },
];
