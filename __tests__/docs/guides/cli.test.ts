import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, expect, it } from '@jest/globals';
import { atEnd, cleanUp, startServer } from '../../support/kit.js';
import { API, bundleGuide } from './open.js';

const TOOLS = ['login', 'list', 'logout'];

afterEach(cleanUp);

/** The tool as files of their own, as one would publish it, and the home of its user. */
async function install(url: string) {
  const home = await mkdtemp(join(tmpdir(), 'cli-'));
  atEnd(() => rm(home, { recursive: true }));
  const options = { platform: 'node', format: 'esm', outdir: home, outExtension: { '.js': '.mjs' } } as const;
  // axios asks for Node's modules by require().
  const banner = { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" };
  await bundleGuide('docs/guides/cli.md', TOOLS, { [API]: url }, { ...options, banner });
  return async (tool: string, ...args: string[]) => {
    const env = { ...process.env, HOME: home };
    const child = spawn(process.execPath, [join(home, `${tool}.mjs`), ...args], { env });
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return (out + err).trim();
  };
}

it('A CLI: one login, ten runs at once that find a dead token, one refresh, and a logout for all', async () => {
  const server = await startServer();
  const run = await install(server.url);
  expect(await run('list')).toBe('Log in first: my-tool login');
  expect(server.log).toEqual([]);
  expect(await run('login', server.apiKey)).toBe('Logged in.');

  server.expire();
  const printed = await Promise.all(Array.from({ length: 10 }, () => run('list')));
  expect(printed).toEqual(Array(10).fill('0 videos'));
  expect(server.stats).toMatchObject({ refresh: 1, reuse: 0 });

  server.expire();
  server.revokeRefreshTokens();
  expect(await run('list')).toBe('Log in first: my-tool login');
  await run('login', server.apiKey);
  expect(await run('list')).toBe('0 videos');
  await run('logout');
  expect(await run('list')).toBe('Log in first: my-tool login');
});
