import 'reflect-metadata';
import { afterEach, describe, expect, it } from '@jest/globals';
import { HttpService } from '@nestjs/axios';
import { type INestApplicationContext, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import axios from 'axios';
import { Session } from 'axios-bearer';
import type { ApiVideo } from 'axios-bearer/testing';
import { firstValueFrom } from 'rxjs';
import { ApiModule } from '../../examples/nestjs/api.module.js';
import { atEnd, cleanUp, nextEvent, startServer } from '../support/kit.js';
import { printed } from './printed.js';

afterEach(cleanUp);

async function application(server: ApiVideo): Promise<INestApplicationContext> {
  @Module({ imports: [ApiModule.register({ baseURL: server.url, apiKey: server.apiKey })] })
  class AppModule {}
  const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
  atEnd(() => app.close());
  return app;
}

describe(`@nestjs/axios on axios ${axios.VERSION}`, () => {
  it('does what the example prints', async () => {
    const { lines, server } = await printed(() => import('../../examples/nestjs/index.js'));
    expect(lines).toEqual(['signed in with the API key: 0 videos', 'token expired: 1 refresh, 20 of 20 answered']);
    expect(server.stats).toMatchObject({ apiKey: 1, refresh: 1, reuse: 0, ok: 21 });
  });

  it('L17 drops a waiting request at once when nobody subscribes to it any more; the refresh goes on', async () => {
    const server = await startServer();
    const app = await application(server);
    const [http, session] = [app.get(HttpService), app.get(Session)];
    await firstValueFrom(http.get('/videos'));
    server.expire();
    server.reset();
    const refresh = server.hold('/auth/refresh');
    const ended = new Promise((resolve) => http.axiosRef.interceptors.response.use(undefined, resolve));
    const subscription = http.get('/videos').subscribe();
    await refresh.arrived(1);
    const refreshed = nextEvent(session, 'refreshed');
    subscription.unsubscribe();
    expect(await ended).toMatchObject({ code: 'ERR_CANCELED' });
    refresh.release();
    await refreshed;
    await firstValueFrom(http.get('/videos'));
    expect(server.log.map(({ path, status }) => `${path} ${status}`)).toEqual([
      '/videos 401',
      '/auth/refresh 200',
      '/videos 200',
    ]);
  });

  it('shows other interceptors of `axiosRef` one request and one answer', async () => {
    const server = await startServer();
    const { axiosRef } = (await application(server)).get(HttpService);
    const seen: unknown[] = [];
    axiosRef.interceptors.request.use((config) => {
      seen.push(config.url);
      return config;
    });
    axiosRef.interceptors.response.use((answer) => {
      seen.push(answer.status);
      return answer;
    });
    await axiosRef.get('/videos');
    server.expire();
    await axiosRef.get('/videos');
    expect(seen).toEqual(['/videos', 200, '/videos', 200]);
  });

  it('closes the session with the application', async () => {
    const server = await startServer();
    const app = await application(server);
    const [{ axiosRef }, session] = [app.get(HttpService), app.get(Session)];
    await axiosRef.get('/videos');
    const signedOut = nextEvent(session, 'signedOut');
    await app.close();
    expect(await signedOut).toEqual({ reason: 'closed' });
    await expect(axiosRef.get('/videos')).rejects.toMatchObject({ response: { status: 401 } });
  });
});
