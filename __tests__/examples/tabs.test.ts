import { afterEach, expect, it, jest } from '@jest/globals';
import { browsers } from '../browser/launch.js';
import { describeOn } from '../support/on.js';
import { printed } from './printed.js';

const run = () => printed(() => import('../../examples/tabs/index.js'));
const { executablePath, debianPackage } = browsers.find(({ name }) => name === 'Chromium')!;
const needed = {
  title: 'in Chromium',
  isThere: Boolean(executablePath),
  how: `install ${debianPackage}`,
  required: 'REQUIRE_BROWSERS',
} as const;

afterEach(() => {
  delete process.env.CHROMIUM;
  jest.resetModules();
});

it('says what it wants where there is no Chromium', async () => {
  process.env.CHROMIUM = '/nowhere/chrome';
  const { lines } = await run();
  expect(lines).toEqual(['No Chromium at /nowhere/chrome: install it, or say where it is, CHROMIUM=/path/to/chrome']);
});

describeOn(needed, () => {
  it('plays the example', async () => {
    process.env.CHROMIUM = executablePath ?? '';
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
