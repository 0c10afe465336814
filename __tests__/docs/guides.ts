import axios from 'axios';
import * as core from 'axios-bearer';
import * as apiVideo from 'axios-bearer/api-video';
import * as oauth2 from 'axios-bearer/oauth2';
import * as redis from 'axios-bearer/redis';
import * as sessionPool from 'axios-bearer/session-pool';
import { atEnd } from '../support/kit.js';
import { readReadme, runBlock, type Values } from '../support/readme.js';

/** Files of the reader's own that a guide imports. The first line of each is its name. */
export const BESIDE: Record<string, string[]> = {
  'docs/guides/spa-refresh-cookie.md': [
    '// views.ts\nexport declare const showApp: () => void, showLogin: () => void, showError: (error: unknown) => void;\n',
  ],
  'docs/guides/several-tabs.md': ['// views.ts\nexport declare const showApp: () => void, showLogin: () => void;\n'],
  'docs/guides/login-dialog.md': [
    '// dialog.ts\nexport declare function askLogin(note: string): Promise<{ email: string; password: string } | undefined>;\n',
  ],
};

/** What packages declare that are not installed here, as far as a guide uses it. */
export const MODULES: Record<string, string> = {
  'docs/guides/react-native.md': `
  declare module 'expo-secure-store' {
    export function getItemAsync(key: string): Promise<string | null>;
    export function setItemAsync(key: string, value: string): Promise<void>;
  }
  declare module 'react-native' {
    export const AppState: { addEventListener(type: 'change', listener: (state: string) => void): void };
  }`,
  'docs/guides/nextjs.md': `
  declare module 'next/headers' {
    export function cookies(): Promise<{
      get(name: string): { value: string } | undefined;
      set(name: string, value: string, options: { httpOnly: boolean; secure: boolean; sameSite: 'lax' }): void;
      delete(name: string): void;
    }>;
  }`,
};

const ENTRIES: Values = {
  axios: { default: axios },
  'axios-bearer': core,
  'axios-bearer/api-video': apiVideo,
  'axios-bearer/oauth2': oauth2,
  'axios-bearer/redis': redis,
  'axios-bearer/session-pool': sessionPool,
};

/**
 * Runs the code of a guide as it stands, but for its hosts.
 *
 * @param hosts what is written there, and where that is here
 * @param modules what its imports find, beside our entries and the guide's own files
 * @returns runs the file of that name, and tells what it declares
 */
export function openGuide(page: string, hosts: Record<string, string>, modules: Values = {}) {
  const { blocks } = readReadme(page);
  const known = { ...ENTRIES, ...modules };
  return async (file: string, globals: Values = {}): Promise<Values> => {
    const block = blocks.find(({ code }) => code.startsWith(`// ${file}.ts\n`));
    if (!block) throw new Error(`${page} has no ${file}.ts`);
    const code = Object.entries(hosts).reduce((text, [there, here]) => text.replaceAll(there, here), block.code);
    const declared = await runBlock({ ...block, code }, known, globals);
    const { session, pool } = declared as { session?: core.Session; pool?: sessionPool.SessionPool };
    if (session instanceof core.Session) atEnd(() => session.close());
    if (pool) atEnd(() => pool.close());
    known[`./${file}.js`] = declared;
    return declared;
  };
}
