import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import axios from 'axios';
import { describeOn } from '../support/on.js';
import { emptyProject, type Project } from './project.js';
import { bundled } from './tree-shaking.js';

let project: Project;
beforeAll(async () => {
  project = await emptyProject();
  await Promise.all(['expired.cjs', 'server.cjs'].map((file) => project.take(file)));
}, 300_000);
afterAll(() => project?.remove());

const STRICT = { target: 'es2022', types: ['node'], strict: true, exactOptionalPropertyTypes: true, noEmit: true };
const manifest = JSON.parse(await readFile('package.json', 'utf8'));
const printedBy = async (consumer: string, ...args: string[]) =>
  JSON.parse(await project.node(await project.take(consumer), ...args));

/** What a storm of four on an expired token comes to. */
const RECOVERED = {
  axios: axios.VERSION,
  body: { once: 'only' },
  state: 'active',
  refreshes: 1,
  unauthorized: 4,
  unavailable: 2,
};

describe('the package, installed in an empty project', () => {
  it.each(['core.cjs', 'core.mjs'])('recovers a storm on an expired token with one refresh: %s', async (consumer) => {
    expect(await printedBy(consumer)).toEqual({ ...RECOVERED, statuses: [200, 200, 200, 503] });
  });

  it.each(['use.cjs', 'use.mjs'])(
    'gives axios `.use`, for bearer and axios-retry side by side: %s',
    async (consumer) => {
      expect(await printedBy(consumer)).toEqual({ ...RECOVERED, statuses: [200, 200, 200, 200] });
    },
  );

  it.each(['testing.cjs', 'testing.mjs'])('brings a server and a clock for tests: %s', async (consumer) => {
    expect(await printedBy(consumer)).toEqual({ apiKey: 1, refresh: 2, ok: 5, unauthorized: 2 });
  });

  it('may be there twice, by import and by require: each copy knows what the other has made', async () => {
    const refused = { url: '/videos', authorization: 'Bearer stale', app: 'one', body: '{"made":"anew"}' };
    expect(await printedBy('two-copies.mjs')).toEqual({
      areTwo: true,
      seen: [
        refused,
        { url: '/auth/refresh', body: '{"refreshToken":"refresh"}' }, // Nothing of the app’s is on it.
        { ...refused, authorization: 'Bearer fresh' },
      ],
    });
  });

  const hasFetch = Number(axios.VERSION.split('.')[1]) >= 7;
  describeOn({ title: 'over fetch', isThere: hasFetch, how: 'axios has it from 1.7 on', required: undefined }, () => {
    it('watches requests with a copy of its own, and the session still knows where they were redirected to', async () => {
      const dom = fileURLToPath(import.meta.resolve('happy-dom'));
      expect(await printedBy('devtools.mjs', dom)).toEqual({ status: 401, refreshes: 0, isGone: true });
    });
  });

  it('works in the CommonJS tests of a consumer who runs plain jest', async () => {
    await project.take('plain.test.js');
    await project.tool('jest/bin/jest.js', '--config', '{ "transform": {}, "testRegex": "plain.test.js" }');
  }, 300_000);
});

describe('the published types', () => {
  const compilerOptions = { module: 'nodenext', ...STRICT };

  it('compile in ES modules and in CommonJS, the libraries’ own types checked too', async () => {
    const files = [await project.take('types.ts', 'types.mts'), await project.take('types.ts', 'types.cts')];
    await project.write('tsconfig.json', JSON.stringify({ compilerOptions, files }));
    await project.tool('typescript/bin/tsc', '-p', '.');
  }, 300_000);

  it('compile where there is no page: without lib.dom, the libraries’ own types checked too', async () => {
    await exportAll('entries.mts');
    const options = { ...compilerOptions, lib: ['es2022'] };
    await project.write('tsconfig.json', JSON.stringify({ compilerOptions: options, files: ['entries.mts'] }));
    await project.tool('typescript/bin/tsc', '-p', '.');
  }, 300_000);

  it('name no storage of a page’s, where Node’s types are missing too', async () => {
    await exportAll('entries.mts');
    const options = { ...compilerOptions, lib: ['es2022'], types: [] };
    await project.write('tsconfig.json', JSON.stringify({ compilerOptions: options, files: ['entries.mts'] }));
    const errors = await project.tool('typescript/bin/tsc', '-p', '.').catch(String);
    expect(errors).toContain("Cannot find name 'AbortSignal'"); // One of the two is needed, but not by name.
    expect(errors).not.toContain('axios-bearer/dist/axios-jwt');
  }, 300_000);

  it('hold no member that is marked as internal', async () => {
    for (const file of await built((name) => /\.d\.c?ts$/.test(name))) {
      expect(file.text).not.toMatch(/@internal/);
    }
  });
});

describe('the tarball', () => {
  it('carries no package inside but those whose licences it tells', async () => {
    const licences = await readFile(join(project.installed, 'THIRD-PARTY-LICENSES.md'), 'utf8');
    const told = [...licences.matchAll(/^## (.+)$/gm)].map(([, name]) => name!);
    const inside = new Set<string>();
    for (const { text } of await built(() => true)) {
      for (const [, name] of text.matchAll(/node_modules\/((?:@[^/\s]+\/)?[^/\s]+)\//g)) inside.add(name!);
    }
    expect([...inside]).toContain('p-limit');
    expect(told).toEqual(expect.arrayContaining([...inside]));
  });

  it('needs nothing of Node outside `axios-bearer/testing`, `/file`, `/postgres` and `/sqlite`', async () => {
    for (const { name, text } of await built(
      (name) => /\.c?js$/.test(name) && !/^(testing|file|postgres|sqlite)\./.test(name),
    )) {
      const foreign = [...text.matchAll(/(?:from |require\()"([^".][^"]*)"/g)].map(([, id]) => id);
      expect({ name, foreign: foreign.filter((id) => !/^(axios|p-limit)$/.test(id!)) }).toEqual({
        name,
        foreign: [],
      });
    }
  });
});

describe('a sub-path, for what resolves without `exports`', () => {
  const subPaths = Object.entries<Record<string, { types: string; default: string }>>(manifest.exports).filter(
    ([path, found]) => path !== '.' && typeof found === 'object',
  );

  it.each(subPaths)('%s leads to the same files', async (path, { import: esm, require: cjs }) => {
    const folder = join(project.installed, path);
    const { main, module, types } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    const files = [main, module, types].map((file) => relative(project.installed, join(folder, file)));
    expect(files.map((file) => `./${file}`)).toEqual([cjs!.default, esm!.default, cjs!.types]);
  });

  it('is the one copy that `exports` leads to', async () => {
    const script = 'console.log(require("axios-bearer/oauth2") === require("./node_modules/axios-bearer/oauth2"))';
    expect(await project.node('-e', script)).toBe('true\n');
  });

  it('has types, by the oldest way to find them', async () => {
    const compilerOptions = { module: 'commonjs', moduleResolution: 'node10', ignoreDeprecations: '6.0', ...STRICT };
    const files = [await project.take('types.ts')];
    await project.write('tsconfig.json', JSON.stringify({ compilerOptions, files }));
    await project.tool('typescript/bin/tsc', '-p', '.');
  }, 300_000);
});

bundled(() => project);

async function exportAll(file: string): Promise<void> {
  const paths = Object.keys(manifest.exports).filter((path) => path !== './package.json');
  const lines = paths.map((path, i) => `export * as entry${i} from '${join('axios-bearer', path)}';`);
  await project.write(file, lines.join('\n'));
}

async function built(wanted: (name: string) => boolean): Promise<{ name: string; text: string }[]> {
  const found = await readdir(join(project.installed, 'dist'), { recursive: true });
  const names = found.filter((name) => /\.\w+$/.test(name) && wanted(name));
  expect(names.length).toBeGreaterThan(0);
  return Promise.all(
    names.map(async (name) => ({ name, text: await readFile(join(project.installed, 'dist', name), 'utf8') })),
  );
}
