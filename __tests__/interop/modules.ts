import { createRequire } from 'node:module';
import { jest } from '@jest/globals';
import type { AxiosInstance, AxiosStatic } from 'axios';

const require = createRequire(import.meta.url);

/** How an app loads its axios, and with it whatever else comes in both forms. */
export type ModuleKind = 'ES module' | 'CommonJS';
export const moduleKinds: ModuleKind[] = ['ES module', 'CommonJS'];

type Plugin = (instance: AxiosInstance, options?: object) => unknown;

/** Two axioses: what one's `AxiosError` and `AxiosHeaders` are, the other's are not. axios-bearer has the ES module. */
export const axiosOf = await bothOf<AxiosStatic>('axios');
export const axiosRetryOf = await bothOf<typeof import('axios-retry').default>('axios-retry');
export const convertCaseOf = await bothOf<Plugin>('axios-case-converter');
export const cacheOf = {
  'ES module': await import('axios-cache-interceptor'),
  CommonJS: require('axios-cache-interceptor') as typeof import('axios-cache-interceptor'),
};
export const { wrapper } = await cookieJarSupport();

async function bothOf<T>(name: string): Promise<Record<ModuleKind, T>> {
  const imported = await import(name);
  const required = require(name);
  return { 'ES module': imported.default, CommonJS: required.default ?? required };
}

/** It requires a package that is an ES module, which node can do and jest can't: so that one is handed in. */
async function cookieJarSupport() {
  const agentBase = createRequire(require.resolve('http-cookie-agent/http')).resolve('agent-base');
  const loaded = await import(agentBase);
  jest.doMock(agentBase, () => loaded);
  return import('axios-cookiejar-support');
}
