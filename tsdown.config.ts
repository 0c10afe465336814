import { defineConfig, type UserConfig } from 'tsdown';

const shared: UserConfig = {
  entry: {
    index: 'lib/index.ts',
    'api-video': 'lib/sources/api-video.ts',
    testing: 'lib/testing/index.ts',
    use: 'lib/use.ts',
  },
  platform: 'neutral',
  target: 'es2022',
  dts: true,
  fixedExtension: false,
};

/** p-limit is ESM only: the CommonJS build carries it inside. The clock of `testing` is nobody's dependency but ours. */
const inside = { esm: ['@sinonjs/'], cjs: ['@sinonjs/', 'p-limit', 'yocto-queue'] };

export default defineConfig(
  (['esm', 'cjs'] as const).map((format) => ({
    ...shared,
    format,
    clean: format === 'esm',
    deps: { alwaysBundle: (id: string) => inside[format].some((name) => id.startsWith(name)) },
  })),
);
