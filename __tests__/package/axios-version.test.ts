import { createRequire } from 'node:module';
import { expect, it } from '@jest/globals';
import axios, { AxiosError } from 'axios';
import MockAdapter from 'axios-mock-adapter';

const commonJs = createRequire(import.meta.url)('axios');

it('is the one that AXIOS names, in ES modules and in CommonJS', () => {
  const wanted = process.env.AXIOS || axios.VERSION;
  expect([axios.VERSION, commonJs.VERSION]).toEqual([wanted, wanted]);
  expect(commonJs).not.toBe(axios);
});

it('is also the one that packages import for themselves', async () => {
  const api = axios.create();
  new MockAdapter(api).onGet('/').reply(500);
  const error = await api.get('/').catch((reason) => reason);
  expect(error).toBeInstanceOf(commonJs.AxiosError);
  expect(error).not.toBeInstanceOf(AxiosError);
});
