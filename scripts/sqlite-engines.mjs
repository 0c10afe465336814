/**
 * Installs what the tests of `sqliteStore` run on: better-sqlite3, and a Node that has node:sqlite. They are no dependencies
 * of this package, as better-sqlite3 takes a minute to be compiled where its binaries can't be downloaded. They lie in the
 * user's cache, one folder for each ABI of Node, where `__tests__/support/engines/sqlite.ts` looks for them.
 *
 * With `--node` it prints the path of that Node, and installs nothing.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

const PACKAGES = ['better-sqlite3@12', 'node@22'];
const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
const folder = join(cache, 'axios-bearer', `sqlite-${process.versions.modules}`);
const node = join(folder, 'node_modules/node/bin/node');
const addon = join(folder, 'node_modules/better-sqlite3/build/Release/better_sqlite3.node');

function install() {
  // Where a Node brings its headers along, they need no download.
  const prefix = dirname(dirname(process.execPath));
  const hasHeaders = existsSync(join(prefix, 'include/node/node.h'));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', ...PACKAGES], {
    cwd: folder,
    stdio: 'inherit',
    shell: process.platform === 'win32',
    // Compiled for a test, not for speed: half a minute instead of several.
    env: {
      ...process.env,
      CFLAGS: '-O0',
      CXXFLAGS: '-O0',
      JOBS: 'max',
      ...(hasHeaders && { npm_config_nodedir: prefix }),
    },
  });
}

if (process.argv.includes('--node')) console.log(node);
else if (!existsSync(node) || !existsSync(addon)) install();
