import { describe, expect, it, jest } from '@jest/globals';
import axios, { AxiosHeaders, type AxiosInstance } from 'axios';
import { bearer } from 'axios-bearer';
import { closeAtEnd } from '../../support/kit.js';
import { atHand, cookies, type Install, signedOut } from './compare.js';
import { answerOf, type Config } from './facts.js';
import { startPlainServer } from './server.js';

/** What a config shows while it is on the wire, and once it is back. */
async function shownBy(api: AxiosInstance): Promise<PropertyKey[][]> {
  const keysOf = (config: object) => Reflect.ownKeys(config);
  let wire: PropertyKey[][] = [];
  const adapter = async (config: Config) => {
    wire = [keysOf(config), Object.keys(AxiosHeaders.from(config.headers).toJSON())];
    return answerOf(config);
  };
  const { config } = await api.get('http://x/', { adapter: adapter as never });
  return [...wire, keysOf(config)];
}

describe('what may be seen of us, and nothing else', () => {
  const traces: [Install, keysOnWire: string[], headers: string[], keysLeft: string[]][] = [
    [signedOut, [], [], []],
    [cookies, [], [], []],
    [atHand, ['beforeRedirect'], ['Authorization'], []],
  ];
  for (const [{ name, options }, ...seen] of traces) {
    it(`on the config: ${name}`, async () => {
      const bare = await shownBy(axios.create());
      const api = axios.create();
      closeAtEnd(bearer(api, { origins: '*', ...options }));
      const plugged = await shownBy(api);
      expect(plugged.map((keys, n) => keys.filter((key) => !bare[n]?.includes(key)))).toEqual(seen);
    });
  }

  it('calls no beforeRedirect that somebody has put on Object.prototype', async () => {
    const web = closeAtEnd(await startPlainServer());
    const api = axios.create({ baseURL: web.url });
    closeAtEnd(bearer(api, atHand.options));
    const value = jest.fn();
    Object.defineProperty(Object.prototype, 'beforeRedirect', { value, configurable: true, writable: true });
    try {
      expect((await api.get('/redirect/1')).status).toBe(200);
    } finally {
      delete (Object.prototype as { beforeRedirect?: unknown }).beforeRedirect;
    }
    expect(value).not.toHaveBeenCalled();
  });
});
