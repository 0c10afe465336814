import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import axios from 'axios';
import { atEnd, cleanUp, startHttpServer } from '../support/kit.js';

type Package = typeof import('axios-bearer');

/** An app may have loaded this package twice: by `import`, and by the `require` of a dependency. */
let one: Package;
let two: Package;

beforeAll(async () => {
  one = await import('axios-bearer');
  jest.resetModules();
  two = await import('axios-bearer');
});
afterEach(cleanUp);

describe('L19 Another copy of this package', () => {
  const source = async () => 'next';

  it.each(['Authorization', 'X-Token'])('takes off the header %s that the first has written', async (header) => {
    expect(two.bearer).not.toBe(one.bearer);
    const home = await startHttpServer((_req, res) => void res.end('{}'));
    const elsewhere = await startHttpServer((_req, res) => void res.end('{}'));
    const [writes, guards] = [axios.create({ baseURL: home.url }), axios.create({ baseURL: home.url })];
    const written = one.bearer(writes, { source, tokens: 'written', header });
    const guarding = two.bearer(guards, { source, tokens: 'other' });
    atEnd(() => void Promise.all([written.close(), guarding.close()]));
    const { config } = await writes.get('/a');
    expect(String(config.headers[header])).toContain('written');
    await guards.request({ ...config, url: `${elsewhere.url}/a` });
    expect(elsewhere.received).toHaveLength(1);
    expect(JSON.stringify(elsewhere.received)).not.toContain('written');
  });
});

it('L15 where nothing can be put on globalThis, each copy knows its own tokens', async () => {
  jest.resetModules();
  const define = jest.spyOn(Reflect, 'defineProperty').mockReturnValue(false);
  atEnd(() => define.mockRestore());
  for (const key of Object.getOwnPropertySymbols(globalThis)) {
    if (key.description?.startsWith('axios-bearer.')) delete (globalThis as Record<symbol, unknown>)[key];
  }
  const { rememberAccessToken, isOurs } = await import('../../lib/session/access-tokens.js');
  rememberAccessToken('held');
  expect([isOurs('held'), isOurs('other')]).toEqual([true, false]);
});
