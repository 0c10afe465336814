import assert from 'node:assert/strict';
import { api, close, server, session } from './client.js';
import { click, shows } from './page.js';

/** One visit to the app, from the first page to the last: React's and Vue's are the same. */
export async function visit(): Promise<void> {
  console.log('at first:', await shows(/Welcome/));

  click('Sign in');
  console.log('signed in:', await shows(/Videos: 0/));

  await api.post('/videos', { title: 'Lighthouse' });
  server.expire();
  click('Reload');
  console.log('the token had expired:', await shows(/Videos: 1/));
  assert.equal(server.stats.refresh, 1);

  await session.signOut(); // in another component, say
  console.log('signed out:', await shows(/Welcome/));

  click('Sign in');
  await shows(/Videos: 1/);
  server.expire();
  server.revokeRefreshTokens();
  click('Reload');
  console.log('the server ended the session:', await shows(/has ended/));

  await close();
}
