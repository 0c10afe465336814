import { dirname } from 'node:path';
import { defineConfig, type UserConfig } from 'tsdown';
import { writeSubPaths } from './scripts/sub-paths.js';

/** What entries share is in `folder`: it must not take the name of an entry, nor that of a file of another build. */
const sharedIn = (folder: string): UserConfig => ({
  outputOptions: (options, format) => ({
    ...options,
    strict: true,
    exports: 'named',
    chunkFileNames: (chunk) => `${folder}/${chunk.name.replace(/\.d$/, '')}.${format === 'cjs' ? 'cjs' : 'js'}`,
  }),
});

const common: UserConfig = {
  target: 'es2022',
  dts: true,
  fixedExtension: false,
  hash: false,
  // Names for functions on axios-retry's own function, made when it is loaded: nothing of that is used here.
  treeshake: {
    moduleSideEffects: (id) => !/node_modules.(axios-retry|is-retry-allowed)/.test(id),
    propertyWriteSideEffects: false,
  },
  checks: { pluginTimings: false },
  hooks: { 'build:done': ({ options }) => writeSubPaths(dirname(options.outDir)) },
};

const core: UserConfig = {
  ...common,
  ...sharedIn('shared'),
  entry: {
    index: 'lib/index.ts',
    'api-video': 'lib/sources/api-video.ts',
    'axios-auth-refresh': 'lib/compat/axios-auth-refresh/index.ts',
    'axios-jwt': 'lib/compat/axios-jwt/index.ts',
    browser: 'lib/stores/browser/index.ts',
    lease: 'lib/stores/lease/index.ts',
    oauth2: 'lib/sources/oauth2.ts',
    redis: 'lib/stores/redis/index.ts',
    'session-pool': 'lib/session-pool/index.ts',
    use: 'lib/use.ts',
  },
  platform: 'neutral',
};

/** What the package carries inside, and nothing else may slip in. THIRD-PARTY-LICENSES.md gives their terms. */
const inside = (...packages: string[]): UserConfig['deps'] => ({ alwaysBundle: packages, onlyBundle: packages });

export default defineConfig([
  // Of axios-retry two functions are used: with the rest left out it is a quarter of what a bundler would make of it.
  { ...core, format: 'esm', deps: inside('axios-retry') },
  // p-limit is ESM only, which a consumer's CommonJS jest can't load.
  { ...core, format: 'cjs', deps: inside('axios-retry', 'p-limit', 'yocto-queue') },
  {
    ...common,
    ...sharedIn('shared/node'),
    entry: {
      file: 'lib/stores/file/index.ts',
      postgres: 'lib/stores/postgres/index.ts',
      sqlite: 'lib/stores/sqlite/index.ts',
    },
    platform: 'node',
    format: ['esm', 'cjs'],
  },
  // By itself: what it takes of the core would be a file apart from the rest of it, and the core larger by that.
  {
    ...common,
    ...sharedIn('shared/devtools'),
    entry: { devtools: 'lib/devtools/index.ts' },
    platform: 'neutral',
    format: ['esm', 'cjs'],
  },
  {
    ...common,
    ...sharedIn('shared/testing'),
    entry: { testing: 'lib/testing/index.ts' },
    platform: 'node',
    format: ['esm', 'cjs'],
    deps: inside('@sinonjs/fake-timers', '@sinonjs/commons', 'type-detect'),
  },
]);
