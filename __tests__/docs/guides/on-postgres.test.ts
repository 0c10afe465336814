import * as http from 'node:http';
import { afterEach, expect, it } from '@jest/globals';
import pg from 'pg';
import { PUBLIC, startAuthorizationServer } from '../../support/authorization-server.js';
import { onPostgres } from '../../support/engines/postgres.js';
import { atEnd, cleanUp, closeAtEnd, nextEvent } from '../../support/kit.js';
import { API, LOGIN, type Own, openGuide, setEnv } from './open.js';

afterEach(cleanUp);

onPostgres((postgres) => {
  it('Many processes: one refresh for all, and an end that loses nothing', async () => {
    const server = closeAtEnd(await startAuthorizationServer({ ttl: 3600 }));
    const { user, host, port, database } = postgres().config;
    setEnv({ DATABASE_URL: `postgres://${user}@${host}:${port}/${database}` });
    const ends: (() => Promise<void>)[] = [];
    const start = async () => {
      const hosts = { [API]: server.resource, [LOGIN]: server.issuer, 'my-service': PUBLIC.clientId };
      const modules = { 'node:http': http, pg: { default: pg } };
      const run = openGuide('docs/guides/many-processes.md', hosts, modules);
      const own = (await run('session')) as unknown as Own & { database: pg.Pool };
      atEnd(() => own.database.ended || own.database.end());
      await run('end', { process: { once: (_: string, end: () => Promise<void>) => ends.push(end) } });
      return own;
    };
    const [one, other] = await Promise.all([start(), start()]);
    const heard = nextEvent(other.session, 'signedIn');
    await one.session.signIn({ access_token: 'over', refresh_token: await server.login(PUBLIC.clientId) });
    await heard;
    const answers = await Promise.all([one, other, one, other].map(({ api }) => api.get('/videos')));
    expect(answers.map(({ data }) => data)).toEqual(Array(4).fill({ owner: 'ada' }));
    expect([server.asked, server.revoked]).toEqual([1, 0]);

    const signedOut = [one, other].map(({ session }) => nextEvent(session, 'signedOut'));
    await Promise.all(ends.map((end) => end()));
    expect(await Promise.all(signedOut)).toEqual([{ reason: 'closed' }, { reason: 'closed' }]);
    expect((await (await start()).api.get('/videos')).data).toEqual({ owner: 'ada' });
    await ends.at(-1)?.();
  });
});
