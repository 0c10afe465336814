/** An app's `api.ts`, as React's and Vue's examples have it: one instance, one session, one login. */
import axios from 'axios';
import { bearer } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { startApiVideo } from 'axios-bearer/testing';

export const server = await startApiVideo();
export const api = axios.create({ baseURL: server.url });
export const session = bearer(api, {
  source: apiVideo({ baseURL: server.url }),
  skip: ({ url }) => url === '/auth/api-key',
});

export async function login(): Promise<void> {
  const { data } = await api.post('/auth/api-key', { apiKey: server.apiKey });
  await session.signIn(data);
}

export async function close(): Promise<void> {
  session.close();
  await server.close();
}
