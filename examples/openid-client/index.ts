import assert from 'node:assert/strict';
import axios from 'axios';
import { bearer } from 'axios-bearer';
import { allowInsecureRequests, discovery, refreshTokenGrant } from 'openid-client';
import { CLIENT, startProvider } from './provider.js';
import { openid } from './source.js';

const { provider, url, login, close } = await startProvider();
const seen = { issued: [] as { destroy(): Promise<void> }[], revoked: 0 };
provider.on('access_token.saved', (token) => seen.issued.push(token));
provider.on('grant.revoked', () => ++seen.revoked);

const insecure = { execute: [allowInsecureRequests] }; // for 127.0.0.1 only
const configuration = await discovery(new URL(url), CLIENT.client_id, CLIENT, undefined, insecure);
const tokens = await refreshTokenGrant(configuration, await login('ada'));
const api = axios.create({ baseURL: url });
const session = bearer(api, { tokens, source: openid(configuration) });
console.log('signed in as', (await api.get('/me')).data.sub);

for (const round of [1, 2, 3]) {
  for (const token of seen.issued) await token.destroy();
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => api.get('/me')));
  console.log(`the token is gone, five requests: ${answers.map(({ status }) => status).join(' ')}`);
  assert.deepEqual([seen.issued.length, seen.revoked], [1 + round, 0]); // no refresh token was spent twice
}

await session.signOut();
console.log('signed out; grants revoked:', seen.revoked);
session.close();
await close();
