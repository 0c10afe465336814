import { expect, it } from '@jest/globals';
import { printed } from './printed.js';

it('plays the example', async () => {
  const { lines } = await printed(() => import('../../examples/cli/index.js'));
  expect(lines).toEqual([
    'logged in',
    'ten runs at once: 0 videos',
    'refreshes: 1; refresh tokens spent twice: 0',
    'logged out, another run: log in first',
  ]);
});
