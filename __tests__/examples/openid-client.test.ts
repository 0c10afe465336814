import { afterEach, describe, expect, it } from '@jest/globals';
import axios from 'axios';
import { bearer } from 'axios-bearer';
import * as client from 'openid-client';
import { CLIENT, startProvider } from '../../examples/openid-client/provider.js';
import { openid } from '../../examples/openid-client/source.js';
import { atEnd, cleanUp, failureOf } from '../support/kit.js';
import { printed } from './printed.js';

afterEach(cleanUp);

async function signedIn() {
  const { provider, url, login, close } = await startProvider();
  atEnd(close);
  const insecure = { execute: [client.allowInsecureRequests] };
  const configuration = await client.discovery(new URL(url), CLIENT.client_id, CLIENT, undefined, insecure);
  const tokens = await client.refreshTokenGrant(configuration, await login('ada'));
  const api = axios.create({ baseURL: url });
  const session = bearer(api, { tokens, source: openid(configuration), refreshRetries: 0 });
  atEnd(() => session.close());
  return { provider, api, session, tokens, configuration, close };
}

it('plays the example', async () => {
  const { lines } = await printed(() => import('../../examples/openid-client/index.js'));
  expect(lines).toEqual([
    'signed in as ada',
    'the token is gone, five requests: 200 200 200 200 200',
    'the token is gone, five requests: 200 200 200 200 200',
    'the token is gone, five requests: 200 200 200 200 200',
    'signed out; grants revoked: 1',
  ]);
});

describe('openid-client as a source', () => {
  it('takes the expiry from the answer', async () => {
    const { session } = await signedIn();
    const { expiresAt = 0 } = await session.refresh();
    expect(Math.round((expiresAt - Date.now()) / 60_000)).toBe(60);
  });

  it('is refused for good when the server says invalid_grant', async () => {
    const { session, tokens, configuration } = await signedIn();
    await client.tokenRevocation(configuration, tokens.refresh_token!);
    const error = await failureOf(session.refresh());
    expect(error).toMatchObject({ code: 'ERR_BEARER_REJECTED', cause: { status: 400 } });
    // Its access token is good to its end.
    expect(session.state.status).toBe('active');
  });

  it('keeps the session while the server is away', async () => {
    const { session, close } = await signedIn();
    await close();
    expect(await failureOf(session.refresh())).toMatchObject({ code: 'ERR_BEARER_UNAVAILABLE' });
    expect(session.state.status).toBe('active');
  });

  it('lets no token into an error', async () => {
    const { session, tokens, configuration } = await signedIn();
    await client.tokenRevocation(configuration, tokens.refresh_token!);
    const error = await failureOf(session.refresh());
    for (const secret of [tokens.access_token, tokens.refresh_token!]) {
      expect(JSON.stringify([error, error.cause, String(error.stack)])).not.toContain(secret);
    }
  });
});
