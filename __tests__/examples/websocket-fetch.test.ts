import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createSession } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { startApiVideo } from 'axios-bearer/testing';
import { type WebSocket, WebSocketServer } from 'ws';
import { listen } from '../../examples/shared/listen.js';
import { fetchWith, listenWith } from '../../examples/websocket-fetch/client.js';
import { atEnd, cleanUp } from '../support/kit.js';
import { printed } from './printed.js';

afterEach(cleanUp);

/** An API, a session, and a server of sockets that greets whoever bears a token of `isWelcome`. */
async function open(isWelcome: (token: string) => boolean = () => true) {
  const server = await startApiVideo();
  atEnd(() => server.close());
  const session = createSession({ tokens: server.issue(), source: apiVideo({ baseURL: server.url }) });
  atEnd(() => session.close());
  const http = await listen(() => {});
  atEnd(http.close);
  const sockets = new WebSocketServer({ server: http.server });
  const tokens: string[] = [];
  sockets.on('connection', (socket, { headers }) => {
    const token = String(headers['sec-websocket-protocol']).split(',')[1]!.trim();
    tokens.push(token);
    if (isWelcome(token)) socket.send('welcome');
    else socket.close(4401);
  });
  return { server, session, sockets, tokens, url: http.url.replace('http', 'ws'), videos: `${server.url}/videos` };
}

function closeAll(clients: Set<WebSocket>): void {
  for (const socket of clients) socket.close(4401);
}

it('plays the example', async () => {
  const { lines } = await printed(() => import('../../examples/websocket-fetch/index.js'));
  expect(lines).toEqual([
    'the socket says: welcome',
    'the token had expired; fetch is answered with 200 and the next socket says: welcome',
    'signed out; the socket is closed: 1005',
  ]);
});

describe('a socket', () => {
  it('comes back with a new token each time it is closed for its token', async () => {
    const { server, session, sockets, tokens, url } = await open();
    let welcomes = 0;
    const ended = listenWith(session, url, () => {
      welcomes += 1;
      if (welcomes <= 3) closeAll(sockets.clients);
      else session.signOut();
    });
    expect(await ended).toBe(1005);
    expect(new Set(tokens).size).toBe(4);
    expect(server.stats).toMatchObject({ refresh: 3, reuse: 0 });
  });

  it('is one of twenty that are closed at once, for which one refresh will do', async () => {
    const { server, session, sockets, url } = await open();
    let welcomes = 0;
    const all = Array.from({ length: 20 }, () =>
      listenWith(session, url, () => {
        welcomes += 1;
        if (welcomes === 20) closeAll(sockets.clients);
        if (welcomes === 40) session.signOut();
      }),
    );
    expect(await Promise.all(all)).toEqual(Array(20).fill(1005));
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0 });
  });

  it('gives up when a new token is refused at once', async () => {
    const { server, session, tokens, url } = await open(() => false);
    expect(await listenWith(session, url, () => {})).toBe(4401);
    expect(new Set(tokens).size).toBe(2);
    expect(server.stats.refresh).toBe(1);
  });

  it('is closed at logout', async () => {
    const { session, sockets, url } = await open();
    const [socket, ended] = await new Promise<[Promise<unknown[]>, Promise<number>]>((resolve) => {
      const over = listenWith(session, url, () => resolve([once([...sockets.clients][0]!, 'close'), over]));
    });
    await session.signOut();
    expect(await ended).toBe(1005);
    await socket;
  });

  it('fails when the session has ended meanwhile', async () => {
    const { server, session, sockets, url } = await open();
    server.revokeRefreshTokens();
    const ended = listenWith(session, url, () => closeAll(sockets.clients));
    await expect(ended).rejects.toMatchObject({ code: 'ERR_BEARER_REJECTED' });
  });

  it('that finds no server ends, and does not throw into the void', async () => {
    const { session } = await open();
    const closed = await listen(() => {});
    await closed.close();
    expect(await listenWith(session, closed.url.replace('http', 'ws'), () => {})).toBe(1006);
  });
});

describe('fetch', () => {
  it('is tried again with a new token, one for all that were refused', async () => {
    const { server, session, videos } = await open();
    server.expire();
    const answers = await Promise.all(Array.from({ length: 20 }, () => fetchWith(session, videos)));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0 });
  });

  it('refreshes nothing for a 401 that comes when the new token is there already', async () => {
    const { server, session, videos } = await open();
    const late = server.hold('/videos');
    const answer = fetchWith(session, videos);
    await late.arrived(1);
    server.expire();
    await session.refresh();
    late.release();
    expect((await answer).status).toBe(200);
    expect(server.stats.refresh).toBe(1);
  });

  it('hands on a second 401', async () => {
    const { server, session } = await open();
    expect((await fetchWith(session, `${server.url}/always-401`)).status).toBe(401);
    expect(server.stats).toMatchObject({ refresh: 1, unauthorized: 2 });
  });
});
