import axios, { type AxiosResponse } from 'axios';
import { bearer, type RefreshFunction, storageStore } from 'axios-bearer';
import { renderToString } from 'react-dom/server';
import { cookiesOf } from './cookies.js';

/** A session per request: nothing of one user is there while another one is served. */
export async function page(request: Request): Promise<Response> {
  const headers = new Headers({ 'content-type': 'text/html' });
  const api = axios.create({ baseURL: process.env.API_URL });
  const store = storageStore(cookiesOf(request, headers), '__Host-session');
  const session = bearer(api, { source: refresh, store, leeway: 0, whenSignedOut: 'reject' });
  const login = async () => api.post('/auth/api-key', await request.json(), { bearer: false });
  if (request.method === 'POST') await session.signIn((await login()).data);

  const shown = await Promise.all([api.get('/videos'), api.get('/echo/news')]).then(
    ([{ data }]) => <p>Videos: {data.pagination.itemsTotal}</p>,
    ({ code }) => <p>{/SIGNED_OUT|REJECTED/.test(code) ? 'Please sign in.' : 'Please try again soon.'}</p>,
  );
  // A refresh behind the page (none by the clock, but one call may fail while another waits) must be in the cookie.
  if (session.state.status === 'refreshing') await session.refresh().catch(() => {});
  session.close();
  return new Response(renderToString(shown), { headers });
}

/** Requests of one page load bear the same cookie: together they may spend its refresh token once. */
const spent = new Map<string | undefined, Promise<AxiosResponse>>();
const refresh: RefreshFunction = async ({ refreshToken }, { client }) => {
  const answer = spent.get(refreshToken) ?? client.post('/auth/refresh', { refreshToken });
  spent.set(refreshToken, answer);
  const forget = () => spent.delete(refreshToken);
  answer.then(() => setTimeout(forget, 30_000).unref(), forget); // so long a browser may still send the old cookie
  return (await answer).data;
};
