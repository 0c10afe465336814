// Bundles app.js as React Native's command does.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const Metro = require('metro');
const { mergeConfig } = require('metro-config');
const { transformer, exports } = JSON.parse(process.env.GIVEN);

const defaults = await Metro.loadConfig({ cwd: import.meta.dirname ?? process.cwd() });
const config = mergeConfig(defaults, {
  resolver: {
    resolverMainFields: ['react-native', 'browser', 'main'],
    unstable_conditionNames: ['react-native'],
    unstable_enablePackageExports: exports,
  },
  transformer: { babelTransformerPath: require.resolve(transformer) },
  reporter: { update() {} },
});
await Metro.runBuild(config, { entry: 'app.js', out: 'bundle.js', platform: 'ios', dev: false, minify: false });
process.exit();
