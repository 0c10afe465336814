import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, posix, relative, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it } from '@jest/globals';

/** Lints a house of these files. Returns what is refused, as `file:line rule`. */
async function refusedIn(house: Record<string, string[]>): Promise<string[]> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'axios-bearer-lint-')));
  try {
    for (const part of ['biome.json', 'biome.imports.json', 'scripts']) {
      await cp(part, join(root, part), { recursive: true });
    }
    for (const [file, lines] of Object.entries(house)) {
      await mkdir(dirname(join(root, file)), { recursive: true });
      await writeFile(join(root, file), lines.join('\n'));
    }
    const biome = resolve('node_modules/@biomejs/biome/bin/biome');
    const args = ['lint', '--vcs-enabled=false', '--reporter=github', '--max-diagnostics=none', 'lib'];
    const { stdout } = spawn(process.execPath, [biome, ...args], { cwd: root });
    const found = (await text(stdout)).matchAll(/title=([^,]*),file=([^,]*),line=(\d+)/g);
    const refused = [...found].map(
      ([, title, file, line]) => `${relative(root, file!)}:${line} ${title!.split('/').pop()}`,
    );
    return [...new Set(refused)].sort();
  } finally {
    await rm(root, { recursive: true });
  }
}

/** Each line is refused by this rule, and by no other. */
async function expectRefused(rule: string, house: Record<string, string[]>): Promise<void> {
  const wanted = Object.entries(house).flatMap(([file, lines]) => lines.map((_, i) => `${file}:${i + 1} ${rule}`));
  expect(await refusedIn(house)).toEqual(wanted.sort());
}

/** Lines of `file` that import these files of lib. */
function importsOf(file: string, files: string[]): string[] {
  return files.map((other) => {
    const path = posix.relative(posix.dirname(file), other);
    return `export { x } from '${path.startsWith('.') ? path : `./${path}`}.js';`;
  });
}

/** Each file, and what it imports. */
function houseOf(imports: Record<string, string[]>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(imports).map(([file, files]) => [`lib/${file}.ts`, importsOf(file, files)]));
}

/** One file of each folder, as "Imports go one way" has them from left to right. */
const WAY = [
  'compat/axios-jwt/tokens',
  'compat/internal',
  'bearer',
  'interceptors/send',
  'session/session',
  'stores/memory',
  'token',
];

it.each(WAY.slice(1))('refuses imports against the one way: in %s', async (file) => {
  await expectRefused('noRestrictedImports', houseOf({ [file]: WAY.slice(0, WAY.indexOf(file)) }));
});

it('refuses what a folder leaves to others', async () => {
  const sources = ['sources/source', 'sources/static'];
  await expectRefused(
    'noRestrictedImports',
    houseOf({
      'platform/url': ['index', 'use', 'token', 'sources/static', 'testing/index'],
      token: ['index', 'use', 'sources/static', 'testing/index'],
      options: ['bearer', 'stores/memory', 'session/session'],
      'sources/oauth2': ['stores/memory', 'stores/store', 'session/session', 'index', 'testing/index'],
      'stores/lock': ['sources/static', 'sources/source', 'interceptors/send', 'use'],
      'stores/file/claim': ['sources/static', 'session/session', 'interceptors/send', 'index', 'use', 'testing/index'],
      'stores/redis/index': ['stores/lease/row', 'stores/file/index', 'sources/static', 'session/session'],
      'session/lifecycle': ['stores/storage', 'sources/static', 'interceptors/exchange', 'index', 'use'],
      'interceptors/gate': ['stores/memory', ...sources, 'index', 'use', 'testing/index'],
      bearer: ['use', 'compat/axios-jwt/index', 'devtools/index', 'testing/index'],
      'devtools/screen': ['sources/static', 'stores/memory', 'bearer', 'index', 'use', 'testing/index'],
      index: ['compat/internal', 'use', 'compat/axios-jwt/index', 'testing/index'],
      'compat/internal': ['use', 'compat/axios-auth-refresh/index', 'testing/index'],
      use: ['compat/axios-jwt/index', 'testing/index'],
      'compat/axios-jwt/sessions': ['bearer', 'token', 'session/session', 'interceptors/send', 'testing/index'],
      'compat/axios-auth-refresh/rule': ['compat/axios-jwt/claims', 'errors', 'interceptors/settle', 'sources/static'],
      'testing/server': ['token', 'index', 'session/session'],
      'testing/http/door': ['token', 'index', 'session/session'],
      'testing/stores/cases': ['token', 'index', 'stores/memory'],
    }),
  );
});

it('refuses axios as a value outside interceptors, errors, use and the token endpoint', async () => {
  const forms = [
    "export { AxiosError } from 'axios';",
    "export * from 'axios';",
    "import 'axios';",
    "export const later = () => import('axios');",
  ];
  const rooms = [
    'session/session',
    'session/lifecycle',
    'platform/deadline',
    'backoff',
    'token',
    'session/events',
    'bearer',
    'stores/memory',
    'sources/static',
  ];
  const refused = await refusedIn(Object.fromEntries(rooms.map((room) => [`lib/${room}.ts`, forms])));
  expect(refused).toEqual(rooms.flatMap((room) => forms.map((_, i) => `lib/${room}.ts:${i + 1} plugin`)).sort());
});

it('refuses what only Node has', async () => {
  await expectRefused('noNodejsModules', { 'lib/session/run.ts': ["export { once } from 'node:events';"] });
  await expectRefused('noRestrictedGlobals', { 'lib/session/run.ts': ['process.exit();', "Buffer.from('');"] });
});

it('refuses cycles, of types too: they alone order the files of a folder', async () => {
  await expectRefused('noImportCycles', {
    'lib/stores/memory.ts': ["export type { A } from './store.js';"],
    'lib/stores/store.ts': ["export type { A } from './memory.js';"],
    'lib/token.ts': ["export { x } from './errors.js';"],
    'lib/errors.ts': ["export type { A } from './token.js';"],
  });
});

it('allows what the house allows', async () => {
  const refused = await refusedIn({
    ...houseOf({
      token: ['errors', 'backoff'],
      options: ['sources/source', 'stores/store', 'token'],
      'sources/oauth2': ['sources/source', 'sources/metadata', 'token', 'platform/url'],
      'stores/memory': ['stores/store', 'stores/lock', 'platform/deadline'],
      'stores/postgres/index': ['stores/postgres/row', 'stores/lease/index', 'stores/lock', 'stores/store', 'errors'],
      'stores/redis/index': ['stores/redis/client', 'stores/lease/index', 'stores/store', 'errors'],
      'stores/sqlite/index': ['stores/sqlite/watch', 'stores/lock', 'stores/memory', 'stores/store', 'errors'],
      'stores/file/index': ['stores/file/claim', 'stores/lock', 'stores/store', 'platform/deadline', 'errors'],
      'session/session': ['session/lifecycle', 'stores/memory', 'stores/store', 'sources/source', 'read-options'],
      'interceptors/install': ['interceptors/send', 'session/session', 'read-options'],
      bearer: ['interceptors/install', 'session/session', 'sources/client', 'errors'],
      index: ['bearer', 'interceptors/config', 'sources/static', 'stores/storage'],
      'compat/internal': ['interceptors/install', 'platform/deadline'],
      'devtools/screen': ['devtools/view', 'interceptors/config', 'session/session', 'platform/own', 'token'],
      'platform/deadline': ['platform/own'],
      'compat/axios-jwt/index': ['compat/axios-jwt/tokens', 'index', 'compat/internal'],
      'testing/server': ['testing/http/router'],
      'testing/http/door': ['testing/state/cookies', 'testing/clock'],
      'testing/stores/cases': ['testing/stores/options', 'stores/store'],
    }),
    'lib/session/requests.ts': ["export type { AxiosError } from 'axios';"],
    'lib/errors.ts': ["export { AxiosError } from 'axios';"],
    'lib/use.ts': ["export { AxiosError } from 'axios';"],
    'lib/sources/client.ts': ["export { AxiosError } from 'axios';"],
    'lib/interceptors/send.ts': ["export { AxiosError } from 'axios';"],
    'lib/testing/clock.ts': ["export { once } from 'node:events';"],
    'lib/stores/postgres/row.ts': ["export { createHash } from 'node:crypto';", "Buffer.from('');"],
    'lib/stores/sqlite/lock-file.ts': ["export { statSync } from 'node:fs';"],
    'lib/stores/file/socket.ts': ["export { connect } from 'node:net';", "Buffer.from('');"],
  });
  expect(refused).toEqual([]);
});
