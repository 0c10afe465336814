import { readFileSync } from 'node:fs';
import { register } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// Compiled code lies on the heap too, and goes on growing for minutes: without a compiler, what grows is ours.
for (const flag of ['expose-gc', 'no-opt', 'no-sparkplug', 'no-lazy-feedback-allocation', 'no-flush-bytecode']) {
  setFlagsFromString(`--${flag}`);
}
globalThis.gc = runInNewContext('gc');

// As in jest.config.ts: AXIOS=1.6.8 stands for the version that is installed under an alias.
const version = process.env.AXIOS;
const newest = JSON.parse(readFileSync('node_modules/axios/package.json', 'utf8')).version;
if (version && version !== newest) {
  const alias = `export const resolve = (name, context, next) => next(name === 'axios' ? 'axios-${version}' : name, context);`;
  register(`data:text/javascript,${encodeURIComponent(alias)}`);
}
await import('./run.js');
