/**
 * What axios-bearer does, live: `npm start`. Exit code 0 only if every claim held.
 *
 *     npx tsx examples/demo/index.ts            all acts
 *     npx tsx examples/demo/index.ts a g        some of them
 *     npx tsx examples/demo/index.ts --json     the figures alone
 */
import type { Played } from './act.js';
import { ACTS } from './acts/index.js';
import { isTerminal } from './phases.js';
import { closing, figures, isOk, opening } from './report.js';
import { darkScreen, screenOn } from './screen.js';
import { perform } from './stage.js';

const args = process.argv.slice(2);
const json = args.includes('--json');
const letters = args.filter((arg) => !arg.startsWith('-'));
const acts = ACTS.filter(({ letter }) => letters.length === 0 || letters.includes(letter));

const screen = json ? darkScreen : screenOn(process.stdout, isTerminal);
const start = Date.now();
const played: Played[] = [];

screen.print(opening());
for (const act of acts) played.push(await perform(act, screen));
const seconds = (Date.now() - start) / 1_000;
screen.print(closing(played, seconds));
if (json) console.log(JSON.stringify(figures(played, seconds), null, 2));

// By itself it ends only if all is well: what never settled would keep it alive.
if (!isOk(played)) process.exit(1);
