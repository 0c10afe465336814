import { afterEach, expect, it, jest } from '@jest/globals';
import { browsers, describeIn } from '../browser/launch.js';
import { printed } from './printed.js';

const run = () => printed(() => import('../../examples/tabs/index.js'));
afterEach(() => {
  delete process.env.CHROMIUM;
  jest.resetModules();
});

it('says what it wants where there is no Chromium', async () => {
  process.env.CHROMIUM = '/nowhere/chrome';
  const { lines } = await run();
  expect(lines).toEqual(['No Chromium at /nowhere/chrome: install it, or say where it is, CHROMIUM=/path/to/chrome']);
});

describeIn('Chromium', () => {
  it('plays the example', async () => {
    process.env.CHROMIUM = browsers.find(({ name }) => name === 'Chromium')?.executablePath ?? '';
    const { lines } = await run();
    expect(lines).toEqual([
      'three tabs: Welcome, Welcome, Welcome',
      'signed in, in one of them: Videos: 0, Videos: 0, Videos: 0',
      'the token had expired: Videos: 1, Videos: 1, Videos: 1',
      'refreshes: 1; refresh tokens spent twice: 0',
      'signed out, in another one: Welcome, Welcome, Welcome',
    ]);
  });
});
