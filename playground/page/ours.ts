import { bearer } from 'axios-bearer';
import { browserStore } from 'axios-bearer/browser';
import { REFRESH_TIMEOUT } from '../protocol.js';
import { createClient, SIGN_IN, signIn } from './client.js';

/** All that an app with several tabs needs. */
export const ours = createClient('axios-bearer');
export const session = bearer(ours.api, {
  store: browserStore('axios-bearer-playground'),
  refreshTimeout: REFRESH_TIMEOUT,
  // So short a timeout and so long a first pause leave time for another attempt when a refresh hangs.
  backoff: { initial: REFRESH_TIMEOUT / 5 },
  skip: ({ url }) => url === SIGN_IN,
  source: async ({ refreshToken }, { client }) => (await client.post('/auth/refresh', { refreshToken })).data,
});

/** Tabs share the session, and so who is signed in. */
export const userName = () => localStorage.getItem('user');

export async function signInAs(user: string): Promise<void> {
  const tokens = await signIn(ours, user);
  localStorage.setItem('user', user);
  await session.signIn(tokens);
}
