import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { recovers } from './judge.js';
import { type Platform, RECOVERS } from './platform.js';
import type { Project, Workshop } from './project.js';

interface Version {
  version: string;
  packages: string[];
  /** How the bundler compiles. */
  transformer: string;
  /** With and without `exports`, where the bundler knows both. */
  exports: boolean[];
  /** babel.config.js */
  babel: object;
  /** Where its AbortController is. */
  abort: string;
  /** The Node that its bundler wants. */
  node?: number;
}

const OLD_METRO = '0.73.10';

const VERSIONS: Version[] = [
  {
    version: '0.71.19',
    packages: [
      ...['metro', 'metro-config', 'metro-react-native-babel-transformer'].map((name) => `${name}@${OLD_METRO}`),
      `metro-react-native-babel-preset@${OLD_METRO}`,
      'abort-controller@3',
      '@babel/plugin-transform-private-methods',
    ],
    transformer: 'metro-react-native-babel-transformer',
    exports: [false],
    abort: 'abort-controller/dist/abort-controller',
    babel: {
      presets: ['module:metro-react-native-babel-preset'],
      plugins: [['@babel/plugin-transform-private-methods', { loose: true }]],
    },
  },
  {
    version: '0.88.1',
    packages: [
      'metro@0.87',
      'metro-config@0.87',
      '@react-native/metro-babel-transformer',
      '@react-native/babel-preset',
    ],
    transformer: '@react-native/metro-babel-transformer',
    exports: [false, true],
    abort: 'react-native/src/private/webapis/dom/abort-api/AbortController',
    babel: { presets: ['module:@react-native/babel-preset'] },
    node: 22,
  },
];

export const reactNative: Platform = {
  id: 'react-native',
  isPlain: false,
  async run(workshop, report) {
    for (const each of VERSIONS) {
      const project = await prepare(workshop, each);
      const node = each.node ? await workshop.node(each.node) : process.execPath;
      const version = await project.version('react-native');
      const metro = await project.version('metro');
      for (const exports of each.exports) {
        const name = `React Native ${version}, Metro ${metro}${exports ? '' : ' without `exports`'}`;
        await report(name, `with its URL and its AbortSignal: ${RECOVERS}`, async () => {
          await rm(join(project.folder, 'bundle.js'), { force: true });
          await project.run(node, ['bundle.mjs'], { transformer: each.transformer, exports });
          await recovers((given) => project.run(process.execPath, ['-r', './xhr.cjs', 'bundle.js'], given));
        });
      }
    }
  },
};

/** React Native's own sources, without its native parts and what they depend on. */
async function prepare(workshop: Workshop, { version, packages, abort, babel }: Version): Promise<Project> {
  const all = [...packages, 'xhr2', '@babel/runtime', '@babel/core'];
  const project = await workshop.project(`react-native-${version}`, 'react-native', all);
  const { folder } = project;
  await project.run('npm', ['pack', '--silent', `react-native@${version}`]);
  await project.run('sh', ['-c', 'mkdir unpacked && tar -xzf react-native-*.tgz -C unpacked --strip-components=1']);
  const installed = join(folder, 'node_modules/react-native');
  await mkdir(installed, { recursive: true });
  for (const part of ['package.json', 'Libraries/Blob', 'src/private', 'Libraries/Utilities']) {
    const options = { recursive: true, force: true };
    await cp(join(folder, 'unpacked', part), join(installed, part), options).catch(() => {});
  }
  await rm(join(folder, 'unpacked'), { recursive: true });
  await writeFile(join(installed, 'Libraries/Blob/NativeBlobModule.js'), 'export default null;\n');
  await mkdir(join(installed, 'Libraries/TurboModule'));
  await writeFile(join(installed, 'Libraries/TurboModule/TurboModuleRegistry.js'), 'export const get = () => null;\n');
  await project.write('abort.js', `export { AbortController } from '${abort}';\n`);
  await project.write('babel.config.js', `module.exports = ${JSON.stringify(babel)};\n`);
  await project.write('xhr.cjs', "globalThis.XMLHttpRequest = require('xhr2');\n");
  return project;
}
