import type { Readable } from 'node:stream';
import { expect, it } from '@jest/globals';
import type { AxiosError } from 'axios';
import { openPage } from '../../support/page.js';

const page = openPage('docs/reference/recovery.md');

/** A streamed 401, as its caller gets it. */
async function refused(config = {}): Promise<Readable> {
  const error: AxiosError<Readable> = await page.api
    .get('/always-401', { responseType: 'stream', ...config })
    .then(() => Promise.reject(new Error('It was not refused')))
    .catch((error) => error);
  expect(error.response).toMatchObject({ status: 401, headers: { 'www-authenticate': expect.any(String) } });
  return error.response?.data as Readable;
}

async function read(stream: Readable): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}

const NO_PAUSE = { backoff: { initial: 0 } };

it('closes the stream of a 401 whose request has waited for a refresh', async () => {
  const session = page.signedIn({ ...NO_PAUSE, refreshRetries: 0 });
  page.server.fault('/auth/refresh', { status: 503 });
  expect((await refused()).destroyed).toBe(true);
  session.close();
});

it('leaves open the stream of a 401 that is handed on at once', async () => {
  const session = page.signedIn(NO_PAUSE);
  await refused(); // marks the URL
  expect(await read(await refused())).toContain('Nothing is good enough');
  session.close();
});

it('leaves open the stream of a 401 that is not to be sent again', async () => {
  const session = page.signedIn(NO_PAUSE);
  expect(await read(await refused({ bearer: { replay: false } }))).toContain('Nothing is good enough');
  await session.refresh();
  session.close();
});
