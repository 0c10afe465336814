import { readFileSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type IRouter, Router } from 'express';
import { build, type Rollup } from 'vite';

const root = fileURLToPath(new URL('..', import.meta.url));
const checkout = resolve(root, '..');

/** The page, built now and kept in memory. */
export async function pageRoutes(): Promise<IRouter> {
  const { output } = (await build({
    configFile: false,
    root,
    logLevel: 'warn',
    resolve: { alias: aliases() },
    build: { target: 'es2022', minify: false, write: false },
  })) as Rollup.RollupOutput;
  const router = Router();
  for (const file of output) {
    const path = file.fileName === 'index.html' ? '/' : `/${file.fileName}`;
    const content = file.type === 'chunk' ? file.code : file.source;
    router.get(path, (_, res) => void res.type(extname(file.fileName)).send(content));
  }
  return router;
}

/** The published names lead to lib, as they do for the compiler. */
function aliases() {
  const { paths } = JSON.parse(readFileSync(resolve(checkout, 'tsconfig.json'), 'utf8')).compilerOptions;
  return Object.entries<[string]>(paths).map(([name, [file]]) => ({
    find: new RegExp(`^${name}$`),
    replacement: resolve(checkout, file),
  }));
}
