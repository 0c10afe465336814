import { afterEach, describe, expect, it } from '@jest/globals';
import axios from 'axios';
import { bearer, createSession } from 'axios-bearer';
import { cleanUp, closeSessionAtEnd, refreshing, startClient, startServer, startSession } from '../support/kit.js';

// biome-ignore lint/suspicious/noExplicitAny: not in axios's types
const handlersOf = (api: any) =>
  [api.interceptors.request, api.interceptors.response].map((manager) => manager.handlers.filter(Boolean).length);

async function place() {
  const server = await startServer();
  const api = axios.create({ baseURL: server.url });
  const session = () => closeSessionAtEnd(createSession({ source: refreshing, tokens: server.issue() }));
  return { server, api, session };
}

afterEach(cleanUp);

describe('bearer() for one header of one instance', () => {
  it('twice with sessions of one’s own: the second serves, and the first lives on', async () => {
    const { server, api, session } = await place();
    const [first, second] = [session(), session()];
    bearer(api, { session: first });
    bearer(api, { session: second });
    await api.get('/echo');
    expect(server.log.map(({ generation }) => generation)).toEqual([2]);
    expect([first.state.status, second.state.status]).toEqual(['active', 'active']);
    expect(handlersOf(api)).toEqual([1, 1]);
  });

  it('the first one’s uninstall, called later, does not take off the second', async () => {
    const { server, api, session } = await place();
    const leaveFirst = bearer(api, { session: session() });
    bearer(api, { session: session() });
    leaveFirst();
    leaveFirst();
    expect(handlersOf(api)).toEqual([1, 1]);
    await api.get('/echo');
    expect(server.log.at(-1)).toMatchObject({ generation: 2 });
    server.expire();
    expect((await api.get('/echo')).status).toBe(200);
    expect(server.stats.refresh).toBe(1);
  });

  it('the first one’s uninstall, called later, does not hide the second from a third', async () => {
    const { server, api, session } = await place();
    const leaveFirst = bearer(api, { session: session() });
    bearer(api, { session: session() });
    leaveFirst();
    bearer(api, { session: session() });
    expect(handlersOf(api)).toEqual([1, 1]);
    await api.get('/echo');
    expect(server.log.at(-1)).toMatchObject({ generation: 3 });
  });

  it('the first session closed later does not take off the second', async () => {
    const { server, api, session } = await place();
    const first = session();
    bearer(api, { session: first });
    bearer(api, { session: session() });
    await first.close();
    server.expire();
    expect((await api.get('/echo')).status).toBe(200);
    expect(server.stats.refresh).toBe(1);
  });

  it('the second uninstalled: nobody serves, and the instance is whole again', async () => {
    const { api, session } = await place();
    bearer(api, { session: session() });
    const leaveSecond = bearer(api, { session: session() });
    leaveSecond();
    expect((await api.get('/public')).data).toEqual({ authorization: false });
    expect(handlersOf(api)).toEqual([0, 0]);
    expect(Object.hasOwn(api.interceptors.request, 'forEach')).toBe(false);
  });

  it('a third time with the first session: that serves again', async () => {
    const { server, api, session } = await place();
    const [first, second] = [session(), session()];
    bearer(api, { session: first });
    const leaveSecond = bearer(api, { session: second });
    bearer(api, { session: first });
    leaveSecond();
    await api.get('/echo');
    expect(server.log.map(({ generation }) => generation)).toEqual([1]);
  });

  it('the same session twice is once, and either uninstall is the uninstall', async () => {
    const { api, session } = await place();
    const one = session();
    bearer(api, { session: one });
    const leave = bearer(api, { session: one });
    expect(handlersOf(api)).toEqual([1, 1]);
    leave();
    expect((await api.get('/public')).data).toEqual({ authorization: false });
  });

  it.each(['authorization', 'AUTHORIZATION'])('in another case, %s, is the same header', async (header) => {
    const { server, api, session } = await place();
    bearer(api, { session: session() });
    bearer(api, { session: session(), header });
    await api.get('/echo');
    expect(handlersOf(api)).toEqual([1, 1]);
    expect(server.log.at(-1)).toMatchObject({ generation: 2 });
  });

  it('a choice of sessions takes the place of one, which lives on; and the other way round', async () => {
    const { server, api, session } = await place();
    const [first, second] = [session(), session()];
    const leaveFirst = bearer(api, { session: first });
    const leaveChoice = bearer(api, { session: () => second });
    leaveFirst();
    await api.get('/echo');
    bearer(api, { session: first });
    leaveChoice();
    await api.get('/echo');
    expect(server.log.map(({ generation }) => generation)).toEqual([2, 1]);
    expect(first.state.status).toBe('active');
  });

  it('as in a hot reload, many times: one serves, and all others are closed', async () => {
    const { server, api, session } = await startClient();
    const sessions = [session];
    for (let i = 0; i < 20; i += 1) {
      sessions.push(closeSessionAtEnd(bearer(api, { source: refreshing, tokens: server.issue() })));
    }
    await api.get('/echo');
    expect(server.log.map(({ generation }) => generation)).toEqual([21]);
    expect(sessions.map(({ state }) => state.status)).toEqual([
      ...Array.from({ length: 20 }, () => 'signed-out'),
      'active',
    ]);
    expect(handlersOf(api)).toEqual([1, 1]);
  });

  it('a session that bearer() made and another instance uses too is not closed', async () => {
    const { server, api, session } = await startClient();
    const other = axios.create({ baseURL: server.url });
    session.install(other);
    closeSessionAtEnd(bearer(api, { source: refreshing, tokens: server.issue() }));
    expect(session.state.status).toBe('active');
    await other.get('/echo');
    expect(server.log.at(-1)).toMatchObject({ generation: 1 });
  });

  it('requests that are on their way with the first are answered', async () => {
    const { server, api, session } = await startClient();
    const hold = server.hold('/echo');
    const request = api.get('/echo');
    await hold.arrived(1);
    closeSessionAtEnd(bearer(api, { source: refreshing, tokens: server.issue() }));
    hold.release();
    expect((await request).status).toBe(200);
    expect(session.state.status).toBe('signed-out');
  });

  it('with another header beside it: both stay, and each leaves by itself', async () => {
    const { server, api, session } = await place();
    const leaveFirst = bearer(api, { session: session() });
    const user = startSession({ tokens: 'user' });
    bearer(api, { session: user, header: 'X-User', scheme: '' });
    expect((await api.get('/echo')).data.headers).toMatchObject({ 'x-user': 'user' });
    leaveFirst();
    server.fault('/echo', { json: {} });
    await api.get('/echo');
    const [, last] = server.log;
    expect(last?.generation).toBeUndefined();
    expect(handlersOf(api)).toEqual([1, 1]);
  });
});
