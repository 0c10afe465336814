import { expect } from '@jest/globals';
import axios, { type AxiosInstance } from 'axios';
import type * as core from 'axios-bearer';
import * as testing from 'axios-bearer/testing';
import { openPage, REFRESHED } from '../../support/page.js';

const page = openPage('docs/reference/api-video.md');

page.itRuns({
  async 'An API key'(name) {
    await page.run(name);
    expect(page.wire()).toEqual(['POST /auth/api-key 200', 'GET /videos 200']);
    expect(page.own.data).toMatchObject({ data: [] });
    expect(await page.outlives(page.own.api as AxiosInstance)).toEqual(REFRESHED);
  },

  async 'Tokens from your backend'(name) {
    await page.run(name);
    expect(await page.outlives()).toEqual(REFRESHED);
  },

  async 'Ahead of expiry, on a timer'(name) {
    const clock = testing.fakeClock();
    try {
      const { session } = (await page.run(name)) as { session: core.Session };
      await page.api.get('/videos');
      const refreshed = new Promise((resolve) => session.on('refreshed', resolve));
      await clock.advance(54 * 60_000);
      expect(page.server.stats.refresh).toBe(0);
      await clock.advance(60_000 + 500);
      await refreshed;
      expect(page.wire().at(-1)).toBe('POST /auth/refresh 200');
    } finally {
      clock.restore();
    }
  },

  async 'A delegated upload token'(name) {
    page.signedIn();
    const { data } = await page.api.post('/upload-tokens', { ttl: 60 });
    const uploads = axios.create({ baseURL: 'https://ws.api.video' });
    const form = new FormData();
    form.append('file', new Blob(['a film']), 'film.mp4');
    page.server.reset();
    await page.run(name, { api: uploads, delegatedToken: data.token, form });
    expect(page.wire()).toEqual(['POST /upload 201']);
    expect(page.server.log[0]?.authorized).toBe(false);
  },
});
