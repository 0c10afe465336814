import { recovers } from './judge.js';
import { type Platform, RECOVERS } from './platform.js';

const NODES = [18, 20, 22, 24];

export const node: Platform = {
  id: 'node',
  isPlain: false,
  async run(workshop, report) {
    const project = await workshop.project('node', undefined);
    for (const major of NODES) {
      const path = await workshop.node(major);
      const version = (await project.run(path, ['--version'])).trim().slice(1);
      await report(`Node ${version}`, `as ES module and CommonJS: ${RECOVERS}`, async () => {
        await recovers((given) => project.run(path, ['node.mjs'], given));
        await recovers((given) => project.run(path, ['node.cjs'], given));
      });
    }
  },
};

export const bun: Platform = {
  id: 'bun',
  isPlain: false,
  async run(workshop, report) {
    const project = await workshop.project('bun', undefined, ['bun']);
    await report(`Bun ${await project.version('bun')}`, `as ES module and CommonJS: ${RECOVERS}`, async () => {
      await recovers((given) => project.run('node_modules/.bin/bun', ['node.mjs'], given));
      await recovers((given) => project.run('node_modules/.bin/bun', ['node.cjs'], given));
    });
  },
};

export const deno: Platform = {
  id: 'deno',
  isPlain: false,
  async run(workshop, report) {
    const project = await workshop.project('deno', undefined, ['deno']);
    await report(`Deno ${await project.version('deno')}`, RECOVERS, () =>
      recovers((given) => project.run('node_modules/.bin/deno', ['run', '--allow-all', 'node.mjs'], given)),
    );
  },
};

export const zone: Platform = {
  id: 'zone',
  isPlain: true,
  async run(workshop, report) {
    const project = await workshop.project('zone', 'zone', ['zone.js']);
    await report(`zone.js ${await project.version('zone.js')} on Node`, RECOVERS, () =>
      recovers((given) => project.run(process.execPath, ['zone.mjs'], given)),
    );
  },
};
