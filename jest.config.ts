import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { createDefaultEsmPreset, type JestConfigWithTsJest } from 'ts-jest';

/** AXIOS=1.6.8 runs the whole suite on that version, installed under an alias; unset, on the newest. */
const version = process.env.AXIOS;
const newest = JSON.parse(readFileSync('./node_modules/axios/package.json', 'utf8')).version;

const config: JestConfigWithTsJest = {
  // `tsc -p .` is the gate for types, of everything at once.
  ...createDefaultEsmPreset({ diagnostics: false }),
  testEnvironment: '<rootDir>/scripts/jest/environment.cjs',
  testSequencer: '<rootDir>/scripts/jest/sequencer.cjs',
  reporters: ['default', '<rootDir>/scripts/jest/left-out.cjs'],
  testMatch: ['**/__tests__/**/*.test.ts', '**/__tests__/**/*.test.tsx'],
  moduleNameMapper: {
    '^axios-bearer$': '<rootDir>/lib/index.ts',
    '^axios-bearer/api-video$': '<rootDir>/lib/sources/api-video.ts',
    '^axios-bearer/axios-auth-refresh$': '<rootDir>/lib/compat/axios-auth-refresh/index.ts',
    '^axios-bearer/axios-jwt$': '<rootDir>/lib/compat/axios-jwt/index.ts',
    '^axios-bearer/browser$': '<rootDir>/lib/stores/browser/index.ts',
    '^axios-bearer/devtools$': '<rootDir>/lib/devtools/index.ts',
    '^axios-bearer/file$': '<rootDir>/lib/stores/file/index.ts',
    '^axios-bearer/lease$': '<rootDir>/lib/stores/lease/index.ts',
    '^axios-bearer/oauth2$': '<rootDir>/lib/sources/oauth2.ts',
    '^axios-bearer/postgres$': '<rootDir>/lib/stores/postgres/index.ts',
    '^axios-bearer/redis$': '<rootDir>/lib/stores/redis/index.ts',
    '^axios-bearer/session-pool$': '<rootDir>/lib/session-pool/index.ts',
    '^axios-bearer/sqlite$': '<rootDir>/lib/stores/sqlite/index.ts',
    '^axios-bearer/testing$': '<rootDir>/lib/testing/index.ts',
    '^axios-bearer/use$': '<rootDir>/lib/use.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
    ...(version && version !== newest ? { '^axios$': `axios-${version}` } : {}),
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  // Ends a test that hangs. No test's own outcome hangs on it, however busy the machine is.
  testTimeout: 120_000,
  // Tests wait as long as they compute, for servers, browsers and leases: meanwhile one more file runs than there are cores.
  maxWorkers: availableParallelism() + 1,
  // jest keeps some of each file's modules. A worker that holds a gigabyte takes longer to end than jest waits for it.
  workerIdleMemoryLimit: '600MB',
};

export default config;
