/** A Nest application whose HttpService is signed in: `npx tsx examples/nestjs/index.ts` */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { HttpService } from '@nestjs/axios';
import { Dependencies, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { startApiVideo } from 'axios-bearer/testing';
import { firstValueFrom } from 'rxjs';
import { ApiModule } from './api.module.js';

export const server = await startApiVideo();

/** A service like any other: it has not heard of tokens. */
@Injectable()
@Dependencies(HttpService) // what `emitDecoratorMetadata` tells Nest elsewhere
class VideosService {
  constructor(private readonly http: HttpService) {}

  async count(): Promise<number> {
    const { data } = await firstValueFrom(this.http.get('/videos'));
    return data.pagination.itemsTotal;
  }
}

const api = ApiModule.register({ baseURL: server.url, apiKey: server.apiKey });
@Module({ imports: [api], providers: [VideosService] })
class AppModule {}

try {
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
  const videos = app.get(VideosService);
  console.log(`signed in with the API key: ${await videos.count()} videos`);

  server.expire();
  const counts = await Promise.all(Array.from({ length: 20 }, () => videos.count()));
  console.log(`token expired: ${server.stats.refresh} refresh, ${counts.length} of 20 answered`);
  assert.equal(server.stats.refresh, 1);
  await app.close();
} finally {
  await server.close();
}
