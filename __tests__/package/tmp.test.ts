import { createRequire } from 'node:module';
import { test, expect } from '@jest/globals';
import axios, { AxiosError, VERSION, getAdapter } from 'axios';
import * as everything from 'axios';
test('which', async () => {
  const require = createRequire(import.meta.url);
  const cjs = require('axios');
  console.log(process.env.AXIOS, VERSION, axios.VERSION, cjs.VERSION, cjs === axios, require.resolve('axios'), typeof getAdapter, cjs.AxiosError === AxiosError, Object.keys(everything).length);
  const { default: Mock } = await import('axios-mock-adapter');
  const i = axios.create(); const m = new Mock(i); m.onGet('/').reply(401);
  const e: any = await i.get('/').catch((x) => x);
  console.log('mock error is ours', e instanceof AxiosError, e instanceof cjs.AxiosError);
});
