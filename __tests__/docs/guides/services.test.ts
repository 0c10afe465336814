import 'reflect-metadata';
import { afterEach, describe, expect, it } from '@jest/globals';
import * as nestAxios from '@nestjs/axios';
import * as nestCommon from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import * as rxjs from 'rxjs';
import { CONFIDENTIAL, startAuthorizationServer } from '../../support/authorization-server.js';
import { cleanUp, closeAtEnd, nextEvent } from '../../support/kit.js';
import { API, LOGIN, type Own, openGuide, setEnv } from './open.js';

afterEach(cleanUp);

describe('A Node service with client credentials', () => {
  const PAGE = 'docs/guides/client-credentials.md';

  async function start(clientSecret = CONFIDENTIAL.clientSecret) {
    const server = closeAtEnd(await startAuthorizationServer({ ttl: 3600 }));
    setEnv({ CLIENT_ID: CONFIDENTIAL.clientId, CLIENT_SECRET: clientSecret });
    const run = openGuide(PAGE, { [API]: server.resource, [LOGIN]: server.issuer });
    const { api, session } = (await run('api')) as unknown as Own;
    return { server, run, api, session };
  }

  it('gets one token for all requests, and another one when that is refused', async () => {
    const { server, run, api } = await start();
    const printed: unknown[] = [];
    await run('report', { console: { log: (data: unknown) => printed.push(data) } });
    expect(printed).toEqual([{ owner: CONFIDENTIAL.clientId }]);
    await server.expire();
    const answers = await Promise.all(Array.from({ length: 5 }, () => api.get('/reports')));
    expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(200));
    expect(server.asked).toBe(2);
  });

  it('says what the server answered to a wrong secret, and does not ask again at once', async () => {
    const { server, api } = await start('wrong');
    const error = await api.get('/reports').catch((error) => error);
    expect(error).toMatchObject({ code: 'ERR_BEARER_REJECTED', message: expect.stringContaining('invalid_client') });
    const { asked } = server;
    await expect(api.get('/reports')).rejects.toMatchObject({ code: 'ERR_BEARER_REJECTED' });
    expect(server.asked).toBe(asked);
  });
});

describe('NestJS', () => {
  it('signs the HttpService of all services in, and ends the session with the application', async () => {
    const server = closeAtEnd(await startAuthorizationServer({ ttl: 3600 }));
    setEnv({ CLIENT_ID: CONFIDENTIAL.clientId, CLIENT_SECRET: CONFIDENTIAL.clientSecret });
    const modules = { '@nestjs/axios': nestAxios, '@nestjs/common': nestCommon, rxjs };
    const run = openGuide('docs/guides/nestjs.md', { [API]: server.resource, [LOGIN]: server.issuer }, modules);
    const { Session } = await import('axios-bearer');
    await run('api.module');
    const { ReportsModule, ReportsService } = await run('reports');
    const app = await NestFactory.createApplicationContext(ReportsModule as never, { logger: false });
    const reports = app.get<{ list(): Promise<unknown> }>(ReportsService as never);
    await server.expire();
    const lists = await Promise.all(Array.from({ length: 5 }, () => reports.list()));
    expect(lists).toEqual(Array(5).fill({ owner: CONFIDENTIAL.clientId }));
    expect(server.asked).toBe(1);
    const signedOut = nextEvent(app.get(Session, { strict: false }), 'signedOut');
    await app.close();
    expect(await signedOut).toEqual({ reason: 'closed' });
  });
});
