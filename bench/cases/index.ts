import type { Case } from './case.js';
import { expired } from './expired.js';
import { hot } from './hot.js';
import { storm } from './storm.js';

export const cases = { hot, storm, expired } satisfies Record<string, Case>;
export type CaseName = keyof typeof cases;
