import { readFile } from 'node:fs/promises';
import type { Platform } from './platform.js';

const VERSIONS = ['5.0', '5.4', '5.9', '6.0', '7.0'];
const RESOLUTIONS = { node10: 'commonjs', node16: 'node16', nodenext: 'nodenext', bundler: 'esnext' };
// TypeScript 7 has left it out; 6 asks for a word.
const NO_NODE10 = '7.0';
const DEPRECATES_NODE10 = '6.0';

export const typescript: Platform = {
  id: 'typescript',
  isPlain: false,
  async run(workshop, report) {
    const compilers = VERSIONS.map((version) => `ts-${version}@npm:typescript@${version}`);
    const project = await workshop.project('typescript', undefined, [...compilers, '@types/node@20', 'axios-retry']);
    await project.write('app.ts', await readFile('__tests__/package/consumers/types.ts', 'utf8'));
    for (const version of VERSIONS) {
      const resolutions = Object.entries(RESOLUTIONS).filter(([name]) => name !== 'node10' || version !== NO_NODE10);
      const names = resolutions.map(([name]) => name).join(', ');
      const name = `TypeScript ${await project.version(`ts-${version}`)}`;
      await report(name, `types of every entry, \`strict\`, libraries checked: ${names}`, async () => {
        for (const [moduleResolution, module] of resolutions) {
          const isDeprecated = moduleResolution === 'node10' && version === DEPRECATES_NODE10;
          const compilerOptions = {
            target: 'es2022',
            lib: ['es2022'],
            module,
            moduleResolution,
            types: ['node'],
            strict: true,
            exactOptionalPropertyTypes: true,
            esModuleInterop: true,
            noEmit: true,
            ...(isDeprecated && { ignoreDeprecations: '6.0' }),
          };
          await project.write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['app.ts'] }));
          await project.run(process.execPath, [`node_modules/ts-${version}/bin/tsc`, '-p', '.']);
        }
      });
    }
  },
};
