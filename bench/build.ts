import { cpSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { build, type UserConfig } from 'tsdown';
import config from '../tsdown.config.js';

/**
 * A directory in which the runner imports `axios-bearer` as users do: built, through the package's own exports. Measured
 * through tsx it would be other code, with source maps that make every stack trace dearer.
 *
 * @param dist measure what `dist/` holds, rather than lib built anew
 */
export async function prepare(dist: boolean): Promise<string> {
  const home = mkdtempSync(join(tmpdir(), 'axios-bearer-bench-'));
  symlinkSync(resolve('node_modules'), join(home, 'node_modules'));
  writeFileSync(
    join(home, 'package.json'),
    JSON.stringify({ name: 'axios-bearer', type: 'module', exports: './dist/index.js' }),
  );
  if (dist) cpSync('dist', join(home, 'dist'), { recursive: true });
  else await compile({ index: 'lib/index.ts' }, join(home, 'dist'));
  await compile({ runner: 'bench/runner.ts', bytes: 'bench/bytes.ts' }, home);
  return home;
}

/** With the options that the published build has. */
async function compile(entry: Record<string, string>, outDir: string): Promise<void> {
  const published = ([config].flat() as UserConfig[]).find((each) => 'index' in (each.entry as object));
  await build({
    ...published,
    config: false,
    entry,
    outDir,
    format: 'esm',
    dts: false,
    clean: false,
    logLevel: 'error',
    // axios-jwt ships its sources beside what Node loads, and a bundler takes those.
    deps: { neverBundle: ['axios-bearer', 'axios-jwt', /^axios\//] },
  });
}
