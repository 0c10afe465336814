// Prints where the worker listens.
import { readFileSync } from 'node:fs';
import { Miniflare } from 'miniflare';

const script = readFileSync('worker.bundle.mjs', 'utf8');
const miniflare = new Miniflare({ modules: true, script, host: '127.0.0.1', compatibilityDate: '2025-11-01' });
console.log((await miniflare.ready).href);
process.stdin.on('end', () => miniflare.dispose()).resume();
