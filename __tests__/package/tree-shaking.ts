import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import * as core from 'axios-bearer';
import { build } from 'esbuild';
import { rolldown } from 'rolldown';
import type { Project } from './project.js';

/** What a bundler made of an entry, axios left out. */
interface Bundle {
  readonly text: string;
  /** Bytes that each file has in it; files without any are left out. */
  readonly carried: Record<string, number>;
}

// Node's own modules are left out by `platform`.
const COMMON = { platform: 'node' as const, external: ['axios'] };
let project: Project;
let written = 0;

async function entryOf(code: string): Promise<string> {
  const name = `entry-${written++}.mjs`;
  await project.write(name, code);
  return join(project.installed, '../..', name);
}

const bundlers: Record<string, (code: string) => Promise<Bundle>> = {
  async esbuild(code) {
    const { outputFiles, metafile } = await build({
      entryPoints: [await entryOf(code)],
      bundle: true,
      minify: true,
      format: 'esm',
      ...COMMON,
      metafile: true,
      write: false,
    });
    const [output] = Object.values(metafile.outputs);
    const sizes = Object.entries(output!.inputs).map(([file, { bytesInOutput }]) => [file, bytesInOutput] as const);
    return { text: outputFiles[0]!.text, carried: carriedBy(sizes) };
  },

  async rolldown(code) {
    const bundle = await rolldown({ input: await entryOf(code), ...COMMON });
    // Its own default is a RegExp, and of jest's realm that is none to native code.
    const { output } = await bundle.generate({ format: 'esm', minify: true, sourcemapIgnoreList: false });
    const sizes = Object.entries(output[0].modules).map(
      ([file, { renderedLength }]) => [file, renderedLength] as const,
    );
    return { text: output[0].code, carried: carriedBy(sizes) };
  },
};

/** Of the packages only: neither the entry nor what the bundler adds of its own. */
function carriedBy(sizes: (readonly [file: string, bytes: number])[]): Record<string, number> {
  const found = sizes.map(([file, bytes]) => [file.split('/node_modules/').pop()!, bytes] as const);
  return Object.fromEntries(found.filter(([file, bytes]) => bytes > 0 && /^[a-z]/.test(file) && !/entry-/.test(file)));
}

const { exports } = JSON.parse(await readFile('package.json', 'utf8'));
const entries = Object.keys(exports)
  .filter((path) => path !== '.' && path !== './package.json')
  .map((path) => path.slice(2));
const unusedBesideBearer = ['replayable', 'staticToken', 'storageStore'];
const small = ['isBearerError', 'memoryStore', ...unusedBesideBearer];

/** What can be compared, and read when it differs. */
const weight = ({ text, carried }: Bundle) => ({ bytes: text.length, carried });
const ourBytes = ({ carried }: Bundle) =>
  Object.entries(carried).reduce((sum, [file, bytes]) => sum + (file.startsWith('axios-bearer/') ? bytes : 0), 0);

/** What bundlers take of the package, as tests. They share one project with others, as its build takes seconds. */
export function bundled(given: () => Project): void {
  beforeAll(() => {
    project = given();
  });

  describe.each(Object.keys(bundlers))('bundled by %s', (name) => {
    const bundle = bundlers[name]!;
    const onlyBearer = "export { bearer } from 'axios-bearer';";

    it('`bearer` brings the core and its one dependency, and no other entry', async () => {
      const files = Object.keys((await bundle(onlyBearer)).carried);
      expect(files.filter((file) => entries.some((entry) => file === `axios-bearer/dist/${entry}.js`))).toEqual([]);
      const packages = new Set(files.map((file) => file.split('/')[0]));
      expect([...packages].sort()).toEqual(['axios-bearer', 'p-limit', 'yocto-queue']);
    });

    it.each(entries.filter((entry) => entry !== 'use'))(
      'axios-bearer/%s costs 0 bytes when it is imported and not used, and some when it is',
      async (entry) => {
        const without = await bundle(onlyBearer);
        // In this order: another order of the same modules gives them other names, which may be longer by a byte.
        const unused = await bundle(`${onlyBearer} import * as unused from 'axios-bearer/${entry}';`);
        const used = await bundle(`export * as used from 'axios-bearer/${entry}'; ${onlyBearer}`);
        expect(weight(unused)).toEqual(weight(without));
        expect(used.text.length).toBeGreaterThan(without.text.length);
      },
    );

    it('the core costs 0 bytes when nothing of it is used', async () => {
      const names = Object.keys(core).join(', ');
      expect((await bundle(`import { ${names} } from 'axios-bearer';`)).carried).toEqual({});
    });

    it.each(unusedBesideBearer)('%s is not in a bundle that uses only `bearer`', async (unused) => {
      const without = await bundle(onlyBearer);
      const imported = await bundle(`import { ${unused} } from 'axios-bearer'; ${onlyBearer}`);
      const used = await bundle(`export { ${unused} } from 'axios-bearer'; ${onlyBearer}`);
      expect(weight(imported)).toEqual(weight(without));
      expect(ourBytes(used)).toBeGreaterThan(ourBytes(without));
    });

    it.each(small)('%s alone brings no session with it', async (alone) => {
      const whole = ourBytes(await bundle(onlyBearer));
      expect(ourBytes(await bundle(`export { ${alone} } from 'axios-bearer';`))).toBeLessThan(whole / 5);
    });

    it('axios-bearer/use is kept for its effect, when nothing is imported from it', async () => {
      await project.write('used.mjs', (await bundle("import 'axios-bearer/use';")).text);
      await project.write(
        'report.mjs',
        "import './used.mjs'; import axios from 'axios'; console.log(typeof axios.use);",
      );
      expect(await project.node('report.mjs')).toBe('function\n');
    });
  });

  it('every export of the core is known here: joined to `bearer`, or one that is left out', () => {
    expect(Object.keys(core).sort()).toEqual(['Session', 'bearer', 'createSession', ...small].sort());
  });
}
