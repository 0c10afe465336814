import { expect, it } from '@jest/globals';
import axios from 'axios';
import * as core from 'axios-bearer';
import type { SessionPool } from 'axios-bearer/session-pool';
import * as sessionPoolEntry from 'axios-bearer/session-pool';
import { openPage, refresh, tableOf } from '../../support/page.js';
import { literalsOf, membersOf } from '../../support/readme.js';

const page = openPage('docs/reference/session.md');

page.itRuns({
  async 'Login and logout'(name) {
    page.server.fault('/login', { json: page.server.issue() });
    await page.run(name, { email: 'ada@example.com', password: 'lovelace' });
    expect(page.wire()).toEqual(['POST /login 200', 'GET /videos 200']);
    expect((page.own.session as core.Session).state).toEqual({ status: 'signed-out' });
  },

  async 'Login and logout 2'(name) {
    const shown: string[] = [];
    const showLogin = () => void shown.push('login');
    page.server.fault('/auth/refresh', { json: page.server.issue() });
    const { session } = (await page.run(name, { showLogin })) as { session: core.Session };
    expect([session.state.status, shown]).toEqual(['active', []]);
    session.close();
    page.server.fault('/auth/refresh', { status: 401 });
    await page.run(name, { showLogin });
    expect(shown).toEqual(['login']);
  },

  async React(name) {
    const session = page.signedIn();
    const react = { useSyncExternalStore: (_: unknown, getSnapshot: () => unknown) => getSnapshot() };
    const { useSession } = await page.run(name, { session, modules: { react } });
    expect((useSession as () => unknown)()).toMatchObject({ status: 'active', generation: 1 });
  },

  async 'Several instances, several identities'(name) {
    const billing = axios.create({ baseURL: 'https://api.example.com' });
    await page.run(name, { billing });
    page.server.expire();
    await Promise.all([page.api.get('/videos'), billing.get('/videos')]);
    expect(page.server.stats).toMatchObject({ unauthorized: 2, refresh: 1, ok: 2 });
  },

  async 'Several instances, several identities 2'(name) {
    const { uninstall } = await page.run(name, { tokensOf: { ada: page.server.issue(), bob: page.server.issue() } });
    const generations = page.server.log.map(({ generation }) => generation);
    expect(generations[0]).toBeLessThan(generations[1] as number);
    page.server.expire();
    await page.api.get('/videos', { headers: { 'X-Tenant': 'ada' } });
    expect(page.server.stats).toMatchObject({ refresh: 1, reuse: 0, ok: 3 });
    (uninstall as () => void)();
    await expect(page.api.get('/videos', { headers: { 'X-Tenant': 'ada' } })).rejects.toMatchObject({
      response: { status: 401 },
    });
  },

  async 'Several instances, several identities 3'(name) {
    const stores = new Map<string, core.TokenStore>();
    const storeOf = (user: string) => stores.get(user) ?? stores.set(user, core.memoryStore()).get(user);
    const early = core.createSession({ source: refresh, store: storeOf('ada') as core.TokenStore });
    await early.signIn(page.server.issue());
    await early.close();
    const { pool } = await page.run(name, { modules: { 'axios-bearer/session-pool': sessionPoolEntry }, storeOf });
    page.server.expire();
    await page.api.get('/videos', { headers: { 'X-User': 'ada' } });
    expect(page.server.stats).toMatchObject({ refresh: 1, reuse: 0, ok: 2 });
    await (pool as SessionPool).close();
  },
});

it('names each member of a session, and no other', () => {
  const members = membersOf('lib/session/session.ts', 'Session').filter((name) => name !== 'constructor');
  expect(members.length).toBeGreaterThan(1);
  expect(tableOf(page.text, 'Methods', 2)).toEqual(members.sort());
});

it('names each state of a session, and no other', () => {
  const states = literalsOf('lib/session/snapshot.ts', 'SessionState', 'status');
  expect(states.length).toBeGreaterThan(1);
  expect(tableOf(page.text, 'The state', 2)).toEqual(states.sort());
});
