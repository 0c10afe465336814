import type { Session } from 'axios-bearer';
import { WebSocket } from 'ws'; // a browser has its own

/** A newer token than the one that was refused. Asked for late, it is there already, and nothing is refreshed. */
async function newerThan(refused: string, session: Session): Promise<string> {
  const token = await session.token();
  return token === refused ? (await session.refresh()).accessToken : token;
}

/** fetch, with one more try after a 401. */
export async function fetchWith(session: Session, url: string): Promise<Response> {
  const send = (token: string) => fetch(url, { headers: { Authorization: `Bearer ${token}` } });
  const token = await session.token();
  const answer = await send(token);
  if (answer.status !== 401) return answer;
  await answer.body?.cancel();
  return send(await newerThan(token, session));
}

/** A socket, and another one with a newer token whenever the server closes it for its token. @returns why it ended */
export async function listenWith(session: Session, url: string, heard: (message: string) => void): Promise<number> {
  let token = await session.token({ minValidity: 60_000 });
  for (let refused = false; ; refused = true) {
    const socket = new WebSocket(url, ['bearer', token]);
    const off = session.on('signedOut', () => socket.close());
    let welcome = false;
    socket.on('message', (data) => {
      welcome = true;
      heard(String(data));
    });
    socket.on('error', () => {}); // its close follows
    const code = await new Promise<number>((closed) => socket.on('close', closed));
    off();
    // 4401 is this server's word for a 401. Who refuses a new token at once would refuse it for ever.
    if (code !== 4401 || (refused && !welcome)) return code;
    token = await newerThan(token, session);
  }
}
