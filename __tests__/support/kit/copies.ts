import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxiosStatic } from 'axios';

const require = createRequire(import.meta.url);
const installed = readdirSync('node_modules').filter((name) => /^axios(-\d.*)?$/.test(name));

/** Other copies of axios, by their versions: `import` gives one copy, `require` another, and a package may bring along one more. */
export const copies = installed.map((name): [string, AxiosStatic] => [require(name).VERSION, require(name)]);
