import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import type { Bar } from './results.js';

interface Weighed {
  /** What is imported of it. */
  readonly code: string;
  /** Where it is not one of our own devDependencies: this version is fetched. */
  readonly version?: string;
}

/** Ours, then plugins and clients, then libraries that keep a session. */
const PACKAGES: Record<string, Weighed> = {
  'axios-bearer': { code: "export { bearer } from 'axios-bearer'" },
  'axios-auth-refresh': { code: "export { createAuthRefresh } from 'axios-auth-refresh'" },
  'axios-retry': { code: "export { default } from 'axios-retry'" },
  'axios-jwt': { code: "export { applyAuthTokenInterceptor } from 'axios-jwt'" },
  'axios-cache-interceptor': { code: "export { setupCache } from 'axios-cache-interceptor'" },
  ofetch: { code: "export { ofetch } from 'ofetch'", version: '1.5.1' },
  ky: { code: "export { default } from 'ky'", version: '1.14.3' },
  'openid-client': { code: "export { discovery, refreshTokenGrant } from 'openid-client'" },
  'better-auth': { code: "export { createAuthClient } from 'better-auth/client'", version: '1.7.25' },
  'oidc-client-ts': { code: "export { UserManager } from 'oidc-client-ts'", version: '3.5.0' },
  '@supabase/auth-js': { code: "export { AuthClient } from '@supabase/auth-js'", version: '2.119.1' },
  '@auth0/auth0-spa-js': { code: "export { createAuth0Client } from '@auth0/auth0-spa-js'", version: '2.28.3' },
  '@azure/msal-browser': { code: "export { PublicClientApplication } from '@azure/msal-browser'", version: '5.30.0' },
};

/**
 * @param home a folder in which `axios-bearer` is found as it is published
 * @param fetched also what is no devDependency of ours: npm fetches it, into a folder that is removed
 */
export async function weigh(home: string, fetched: boolean): Promise<Bar[]> {
  const elsewhere = mkdtempSync(join(tmpdir(), 'axios-bearer-weight-'));
  try {
    const names = Object.keys(PACKAGES).filter((name) => fetched || !PACKAGES[name]?.version);
    if (fetched) fetchInto(elsewhere);
    const axios = await gzipped("export { default } from 'axios'", home, []);
    const bars: Bar[] = [];
    for (const name of names) {
      const { code, version } = PACKAGES[name]!;
      const folder = version ? elsewhere : home;
      const bytes = await gzipped(code, folder, ['axios']);
      const label = name === 'axios-bearer' ? name : `${name} ${versionIn(folder, name)}`;
      bars.push({
        name: label,
        value: bytes / axios,
        isOurs: name === label,
        note: `${(bytes / 1_000).toFixed(1)} kB`,
      });
    }
    return bars;
  } finally {
    rmSync(elsewhere, { recursive: true });
  }
}

function fetchInto(folder: string): void {
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  const wanted = Object.entries(PACKAGES).flatMap(([name, { version }]) => (version ? [`${name}@${version}`] : []));
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  execFileSync(npm, ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--legacy-peer-deps', ...wanted], {
    cwd: folder,
    stdio: 'ignore',
  });
}

async function gzipped(code: string, folder: string, external: string[]): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: folder },
    bundle: true,
    write: false,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    external,
    logLevel: 'error',
  });
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).length;
}

function versionIn(folder: string, name: string): string {
  const file = join(folder, 'node_modules', name, 'package.json');
  if (!existsSync(file)) throw new Error(`${name} is not installed`);
  return JSON.parse(readFileSync(file, 'utf8')).version;
}
