import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import axios, { type AxiosInstance, type CreateAxiosDefaults } from 'axios';
import { bearer, type InstallOptions, type SessionOptions, staticToken } from 'axios-bearer';
import { cleanUp, closeAtEnd } from '../../support/kit.js';
import { type PlainServer, startPlainServer } from './server.js';

/** A way to have axios-bearer on an instance where it has nothing to mend. */
export interface Install {
  name: string;
  options: SessionOptions & InstallOptions;
}

export const signedOut: Install = {
  name: 'signed out, with nobody to ask',
  options: { source: { needsRefreshToken: true, refresh: async () => 'never' } },
};
export const atHand: Install = {
  name: 'a token at hand',
  options: { source: staticToken('secret'), tokens: 'secret' },
};
export const toBeObtained: Install = {
  name: 'a token that is to be obtained first',
  // A 401 of a token just made is followed by a pause, which is no part of what is compared.
  options: { source: { obtain: async () => 'secret' }, backoff: { initial: 1, factor: 1, cap: 1 } },
};
export const cookies: Install = {
  name: 'header: false',
  // The first 401 is handed on: there is no cookie to mend it.
  options: { source: async () => undefined, header: false, maxReplays: 0 },
};
export const installs = [signedOut, atHand, toBeObtained, cookies];

/** Where a request has to wait for nothing. */
export const ready = installs.filter((install) => install !== toBeObtained);

/** Makes an instance: bare in one run, with axios-bearer on it in the other. */
export type Make = (defaults?: CreateAxiosDefaults) => AxiosInstance;
export type Run = (make: Make, web: PlainServer) => unknown;

let web: PlainServer;
beforeAll(async () => {
  web = await startPlainServer();
});
afterEach(cleanUp);
afterAll(() => web.close());

const bare: Make = (defaults) => axios.create(defaults);

function plugged({ options }: Install): Make {
  return (defaults) => {
    const api = axios.create(defaults);
    closeAtEnd(bearer(api, { origins: '*', ...options }));
    return api;
  };
}

/** What is observed on a bare instance must be observed with axios-bearer on it, however it is installed. */
export function both(title: string, run: Run, where: Install[] = installs): void {
  let onBare: unknown;
  for (const install of where) {
    it(`${title}: ${install.name}`, async () => {
      onBare ??= await run(bare, web);
      expect(onBare).toBeDefined();
      expect(await run(plugged(install), web)).toStrictEqual(onBare);
    });
  }
}

/** Where only the wire matters: with `header: false` nothing is written there. */
export function bothOnWire(title: string, run: Run): void {
  both(title, run, [signedOut, atHand, toBeObtained]);
}
