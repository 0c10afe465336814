// Installs the package, as it would be published, in small real projects, and lets each recover from a 401 on a real
// server. `npm run test:platforms -- bun next` runs some, `-- --plain` those that need nothing but this Node. A run of
// all of them writes docs/platforms.md.
import { browsers } from './browsers.js';
import { next } from './next.js';
import { type Row, writePage } from './page.js';
import type { Platform } from './platform.js';
import { openWorkshop } from './project.js';
import { reactNative } from './react-native.js';
import { jest, vitest } from './runners.js';
import { bun, deno, node, zone } from './runtimes.js';
import { typescript } from './typescript.js';
import { workerd } from './workerd.js';

const ALL: Platform[] = [node, browsers, next, workerd, bun, deno, reactNative, jest, vitest, typescript, zone];

const wanted = process.argv.slice(2);
const chosen = ALL.filter(
  ({ id, isPlain }) => !wanted.length || wanted.includes(id) || (isPlain && wanted[0] === '--plain'),
);
if (!chosen.length) throw new Error(`There is no ${wanted}; there are ${ALL.map(({ id }) => id).join(', ')}`);

// Of what a failure printed.
const LINES = 40;

const rows: Row[] = [];

async function report(name: string, proof: string, attempt: () => Promise<void>): Promise<void> {
  const begun = Date.now();
  const failure = await attempt().then(
    () => undefined,
    (error) => error as Error,
  );
  rows.push({ name, proof, isOk: !failure });
  console.log(`${failure ? 'FAIL' : 'ok  '} ${name}: ${proof} (${Math.round((Date.now() - begun) / 1000)} s)`);
  if (failure) console.log(failure.message.split('\n').slice(0, LINES).join('\n'));
}

const workshop = await openWorkshop();
try {
  for (const platform of chosen) {
    await platform
      .run(workshop, report)
      .catch((error) => report(platform.id, 'can be set up', () => Promise.reject(error)));
  }
} finally {
  await workshop.close();
}
const failed = rows.filter(({ isOk }) => !isOk);
console.log(`${rows.length - failed.length} ok, ${failed.length} failed`);
if (failed.length) process.exitCode = 1;
if (chosen.length === ALL.length) await writePage(rows);
process.exit();
