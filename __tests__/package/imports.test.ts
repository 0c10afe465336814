import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
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

it('refuses imports against the one way', async () => {
  await expectRefused('noRestrictedImports', {
    'lib/errors.ts': ["export { x } from './token.js';"],
    'lib/token.ts': ["export type { x } from './session/session.js';", "export { x } from './events.js';"],
    'lib/stores/store.ts': ["export type { x } from './memory.js';"],
    'lib/stores/memory.ts': [
      "export type { x } from '../sources/source.js';",
      "export { x } from '../session/session.js';",
    ],
    'lib/sources/static.ts': ["export { x } from '../stores/memory.js';", "export { x } from '../backoff.js';"],
    'lib/deadline.ts': ["export { x } from './errors.js';"],
    'lib/backoff.ts': ["export { x } from './deadline.js';", "export { x } from './options.js';"],
    'lib/session/lifecycle.ts': [
      "export { x } from '../interceptors/config.js';",
      "export type { x } from '../interceptors/exchange.js';",
      "export { x } from '../bearer.js';",
      "export { x } from '../stores/storage.js';",
      "export { x } from '../sources/static.js';",
    ],
    'lib/interceptors/send.ts': [
      "export { x } from '../stores/memory.js';",
      "export { x } from '../sources/static.js';",
      "export { x } from '../bearer.js';",
      "export { x } from '../compat/axios-jwt.js';",
    ],
    'lib/bearer.ts': ["export { x } from './index.js';", "export { x } from './testing/index.js';"],
    'lib/index.ts': ["export { x } from './use.js';"],
    'lib/testing/server.ts': ["export { x } from '../token.js';"],
    'lib/testing/http/door.ts': ["export { x } from '../../token.js';"],
  });
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
    'deadline',
    'backoff',
    'token',
    'events',
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

it('refuses cycles, of types too', async () => {
  await expectRefused('noImportCycles', {
    'lib/stores/memory.ts': ["export type { A } from './lock.js';"],
    'lib/stores/lock.ts': ["export type { A } from './memory.js';"],
  });
});

it('allows what the house allows', async () => {
  const refused = await refusedIn({
    'lib/session/session.ts': ["export type { AxiosError } from 'axios';", "export { x } from './lifecycle.js';"],
    'lib/errors.ts': ["export { AxiosError } from 'axios';"],
    'lib/use.ts': ["export { AxiosError } from 'axios';"],
    'lib/sources/client.ts': ["export { AxiosError } from 'axios';"],
    'lib/interceptors/send.ts': [
      "export { AxiosError } from 'axios';",
      "export { x } from '../session/session.js';",
      "export { x } from '../session/refused.js';",
    ],
    'lib/bearer.ts': ["export { x } from './interceptors/install.js';"],
    'lib/testing/http/door.ts': ["export { x } from '../state/cookies.js';"],
    'lib/testing/server.ts': ["export { once } from 'node:events';"],
  });
  expect(refused).toEqual([]);
});
