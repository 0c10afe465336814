import { randomUUID } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import axios from 'axios';
import { bearer, createSession, type Session } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import express, { type Express, type Request } from 'express';

/** The browser gets a session id, the tokens stay here. For several hosts, in a store that they share. */
export function bff(baseURL: string): Express {
  const sessions = new Map<string, Session>();
  const sidOf = ({ headers }: Request) => /(?:^|; )sid=([^;]*)/.exec(headers.cookie ?? '')?.[1] ?? '';
  const api = axios.create({ baseURL, responseType: 'stream', validateStatus: null });
  bearer(api, { session: () => undefined }); // each request says whose it is

  const app = express();
  app.post('/login', express.json(), async (req, res) => {
    const { data, status } = await axios.post(`${baseURL}/auth/api-key`, req.body, { validateStatus: null });
    if (status !== 200) return void res.sendStatus(401);
    const sid = randomUUID();
    sessions.set(sid, createSession({ tokens: data, source: apiVideo({ baseURL }) }));
    res.cookie('sid', sid, { httpOnly: true, secure: true, sameSite: 'lax' }).send('Welcome');
  });

  app.post('/logout', async (req, res) => {
    await sessions.get(sidOf(req))?.signOut();
    sessions.delete(sidOf(req));
    res.clearCookie('sid').send('Goodbye');
  });

  // A body is read whole: a stream could not be sent again after a 401.
  app.use('/api', express.raw({ type: () => true }), async (req, res) => {
    const session = sessions.get(sidOf(req));
    if (!session) return void res.sendStatus(401);
    const { method, body, url } = req;
    const headers = { 'content-type': req.headers['content-type'] };
    // Not `url` alone: with two slashes at its beginning it would lead to another host.
    const request = { method, url: baseURL + url, data: body, headers, bearer: { session } };
    const answer = await api.request(request).catch(() => undefined);
    if (!answer) return void res.sendStatus('generation' in session.state ? 503 : 401);
    res.writeHead(answer.status, { 'content-type': String(answer.headers['content-type'] ?? 'text/plain') });
    await pipeline(answer.data, res).catch(() => {});
  });
  return app;
}
