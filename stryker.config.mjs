// Do the tests notice when the core is wrong? What came of it: __tests__/MUTATION.md.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { core, drawnLines } from './scripts/mutation/draw.mjs';

const { DRAW } = process.env;

export default {
  mutate: DRAW ? drawnLines(Number(DRAW)) : core(),
  testRunner: 'jest',
  testRunnerNodeArgs: ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'],
  coverageAnalysis: 'perTest',
  jest: {
    configFile: 'jest.config.ts',
    enableFindRelatedTests: false,
    config: {
      // Those that judge the core, and are quick.
      testMatch: [
        '**/__tests__/{interceptors,platform,session,stores}/*.test.ts',
        '**/__tests__/laws/**/*.test.ts',
        '**/__tests__/interop/pass-through/*.test.ts',
        '**/__tests__/sources/{client,source}.test.ts',
        '**/__tests__/{backoff,errors,options,token}.test.ts',
      ],
      runner: '<rootDir>/scripts/mutation/runner.mjs',
      testEnvironment: './scripts/mutation/environment.cjs',
      // ms; what a mutant does most often is to leave a request unanswered.
      testTimeout: 5_000,
    },
  },
  concurrency: 2,
  dryRunTimeoutMinutes: 30,
  // Outside of the repository, where no other tool takes the copies for sources.
  tempDirName: join(tmpdir(), 'axios-bearer-mutation'),
  ignorePatterns: ['/api', '/bench', '/coverage', '/dist', '/docs', '/examples', '/reports', '*.tgz'],
  reporters: ['clear-text', 'progress-append-only', 'html', 'json'],
  allowConsoleColors: false,
  clearTextReporter: { allowColor: false, logTests: false },
  incrementalFile: 'reports/mutation/incremental.json',
  thresholds: { high: 95, low: 90, break: 90 },
};
