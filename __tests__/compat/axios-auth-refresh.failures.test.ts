import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import { replayable } from 'axios-bearer';
import { cleanUp, failureOf } from '../support/kit.js';
import { failing } from './axios-auth-refresh.cases.js';
import { appWith, ours, peer, storingRefresh, wire } from './axios-auth-refresh.setup.js';

afterEach(cleanUp);

describe.each(failing)('$when', ({ see, ...seen }) => {
  it('is mended here', async () => expect(await see(ours)).toEqual(seen.ours));
  it('fails with axios-auth-refresh', async () => expect(await see(peer)).toEqual(seen.peer));
});

it('L16 a body made anew arrives whole', async () => {
  const { api } = await appWith(ours);
  const { data } = await api.post(
    '/echo',
    replayable(() => Readable.from(['a film'])),
  );
  expect(data.text).toBe('a film');
});

it('L22 who was refused and waits through an eject gets their own 401, by our code', async () => {
  const { api, server, eject } = await appWith(ours, { refresh: storingRefresh });
  const hold = server.hold('/auth/refresh');
  const request = failureOf(api.get('/videos'));
  await hold.arrived(1);
  eject();
  hold.release();
  const error = await request;
  expect([error.code, error.response.status, error.config.url]).toEqual(['ERR_BEARER_SIGNED_OUT', 401, '/videos']);
  expect(wire(server)).toEqual(['GET /videos 401', 'POST /auth/refresh 200']);
});
