import { expect } from '@jest/globals';
import axios, { type AxiosInstance } from 'axios';
import 'axios-bearer/use';
import { openPage } from '../../support/page.js';

const page = openPage('docs/reference/use.md');

page.itRuns({
  async 'axios.use'(name) {
    await page.run(name);
    expect((page.own.api as AxiosInstance).use).toBeInstanceOf(Function);
    page.server.fault('/videos', { status: 503 });
    await axios.get('https://ws.api.video/videos');
    expect(page.wire()).toEqual(['POST /auth/api-key 200', 'GET /videos 503', 'GET /videos 200']);
    axios.interceptors.request.clear();
    axios.interceptors.response.clear();
  },
});
