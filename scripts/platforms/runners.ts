import { recovers } from './judge.js';
import { type Platform, RECOVERS } from './platform.js';
import type { Project } from './project.js';

const JESTS = [27, 30];
// The newest that runs on Node 20.
const VITEST = 'vitest@3';

/** A test runner's outcome is in a file: what it prints is its own. */
async function outcomeOf(project: Project, args: readonly string[], given: unknown): Promise<string> {
  await project.run(process.execPath, args, given);
  return project.read('outcome.json');
}

export const jest: Platform = {
  id: 'jest',
  isPlain: true,
  async run(workshop, report) {
    for (const major of JESTS) {
      const project = await workshop.project(`jest-${major}`, 'jest', [`jest@${major}`]);
      await report(`Jest ${await project.version('jest')}, CommonJS`, RECOVERS, () =>
        recovers((given) => outcomeOf(project, ['node_modules/jest/bin/jest.js'], given)),
      );
    }
  },
};

export const vitest: Platform = {
  id: 'vitest',
  isPlain: true,
  async run(workshop, report) {
    const project = await workshop.project('vitest', 'vitest', [VITEST]);
    await report(`Vitest ${await project.version('vitest')}`, RECOVERS, () =>
      recovers((given) => outcomeOf(project, ['node_modules/vitest/vitest.mjs', 'run'], given)),
    );
  },
};
