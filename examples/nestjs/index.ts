/** A Nest application whose HttpService is signed in: `npx tsx examples/nestjs/index.ts` */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { HttpService } from '@nestjs/axios';
import { Dependencies, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { startApiVideo } from 'axios-bearer/testing';
import { firstValueFrom, map } from 'rxjs';
import { ApiModule } from './api.module.js';

export const server = await startApiVideo();

/** A service like any other: it has not heard of tokens. */
@Injectable()
@Dependencies(HttpService)
class VideosService {
  constructor(private readonly http: HttpService) {}

  create(title: string): Promise<string> {
    return firstValueFrom(this.http.post('/videos', { title }).pipe(map(({ data }) => data.videoId)));
  }

  count(): Promise<number> {
    return firstValueFrom(this.http.get('/videos').pipe(map(({ data }) => data.data.length)));
  }
}

const api = ApiModule.register({ baseURL: server.url, apiKey: server.apiKey });
@Module({ imports: [api], providers: [VideosService] })
class AppModule {}

try {
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
  const videos = app.get(VideosService);
  console.log(`created ${await videos.create('A film')}, signed in with the API key`);

  server.expire();
  const counts = await Promise.all(Array.from({ length: 20 }, () => videos.count()));
  console.log(`token expired: ${server.stats.refresh} refresh, ${counts.length} of 20 answered`);
  assert.equal(server.stats.refresh, 1);

  await app.close();
} finally {
  await server.close();
}
