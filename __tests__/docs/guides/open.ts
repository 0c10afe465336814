import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dirname, relative } from 'node:path/posix';
import axios, { type AxiosError, type AxiosInstance } from 'axios';
import * as core from 'axios-bearer';
import * as apiVideo from 'axios-bearer/api-video';
import * as browser from 'axios-bearer/browser';
import * as oauth2 from 'axios-bearer/oauth2';
import * as postgres from 'axios-bearer/postgres';
import * as redis from 'axios-bearer/redis';
import * as sessionPool from 'axios-bearer/session-pool';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { atEnd } from '../../support/kit.js';
import { readReadme, runBlock, type Values } from '../../support/readme.js';

export const API = 'https://api.example.com';
export const LOGIN = 'https://login.example.com';

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
  declare module 'server-only' {}
  declare module 'next/headers' {
    interface Options { httpOnly: boolean; secure: boolean; sameSite: 'lax'; maxAge: number }
    export function cookies(): Promise<{
      get(name: string): { value: string } | undefined;
      set(name: string, value: string, options: Options): void;
      delete(name: string): void;
    }>;
  }`,
};

const ENTRIES: Values = {
  axios: { default: axios },
  'axios-bearer': core,
  'axios-bearer/api-video': apiVideo,
  'axios-bearer/browser': browser,
  'axios-bearer/oauth2': oauth2,
  'axios-bearer/postgres': postgres,
  'axios-bearer/redis': redis,
  'axios-bearer/session-pool': sessionPool,
};

/**
 * Runs the code of a guide as it stands, but for its hosts.
 *
 * @param hosts what is written there, and where that is here
 * @param modules what its imports find, beside our entries and the guide's own files
 * @returns runs the file of that name, such as `api` or `app/page`, and tells what it declares
 */
export function openGuide(page: string, hosts: Record<string, string>, modules: Values = {}) {
  const { blocks } = readReadme(page);
  const known = { ...ENTRIES, ...modules };
  const own: Record<string, Values> = {};
  return async (file: string, globals: Values = {}): Promise<Values> => {
    const block = blocks.find(({ code, lang }) => code.startsWith(`// ${file}.${lang}\n`));
    if (!block) throw new Error(`${page} has no ${file}`);
    const besides = Object.entries(own).flatMap(([name, values]) =>
      namesFrom(file, name).map((each) => [each, values]),
    );
    const modules = { ...known, ...Object.fromEntries(besides) };
    const declared = await runBlock({ ...block, code: atHosts(block.code, hosts) }, modules, globals);
    const { session, pool } = declared as { session?: core.Session; pool?: sessionPool.SessionPool };
    if (session instanceof core.Session) atEnd(() => session.close());
    if (pool) atEnd(() => pool.close());
    own[file] = declared;
    return declared;
  };
}

/** What one file of a guide may call another one: with `.js`, and without it where the app is built. */
function namesFrom(file: string, other: string): string[] {
  const path = relative(dirname(file), other);
  const name = path.startsWith('.') ? path : `./${path}`;
  return [name, `${name}.js`];
}

/** What an app's file declares most often. */
export interface Own {
  api: AxiosInstance;
  session: core.Session;
}

/** The code of what was thrown. */
export const codeOf = (error: AxiosError) => error.code;

/** Answers with JSON. */
export function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

/** Until the test is over. */
export function setEnv(values: Record<string, string>): void {
  Object.assign(process.env, values);
  atEnd(() => {
    for (const name of Object.keys(values)) delete process.env[name];
  });
}

/** A file of so many bytes, until the test is over. */
export async function newFile(size: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'guide-'));
  atEnd(() => rm(folder, { recursive: true }));
  const path = join(folder, 'film.mp4');
  await writeFile(path, Buffer.alloc(size, 'film'));
  return path;
}

/**
 * Builds files of a guide as an app would, and what they import of each other.
 *
 * @param beside files that the guide imports, by name
 */
export async function bundleGuide(
  page: string,
  entries: string[],
  hosts: Record<string, string>,
  { beside = {}, ...options }: BuildOptions & { beside?: Record<string, string> },
): Promise<void> {
  const own = readReadme(page).blocks.flatMap(({ code }) => {
    const [, name] = /^\/\/ ([\w.-]+)\.ts\n/.exec(code) ?? [];
    return name ? [[name, atHosts(code, hosts)]] : [];
  });
  const files: Record<string, string> = { ...Object.fromEntries(own), ...beside };
  const guide: Plugin = {
    name: 'guide',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^guide:|^\.\// }, ({ path, namespace, kind }) => {
        if (kind !== 'entry-point' && namespace !== 'guide') return undefined;
        return { path: path.replace(/^guide:|^\.\/|\.js$/g, ''), namespace: 'guide' };
      });
      onLoad({ filter: /./, namespace: 'guide' }, ({ path }) => ({
        contents: files[path] ?? '',
        loader: 'ts',
        resolveDir: process.cwd(),
      }));
    },
  };
  const entryPoints = entries.map((name) => ({ in: `guide:${name}`, out: name }));
  await build({ entryPoints, bundle: true, plugins: [guide], target: 'es2022', ...options });
}

function atHosts(code: string, hosts: Record<string, string>): string {
  return Object.entries(hosts).reduce((text, [there, here]) => text.replaceAll(there, here), code);
}
