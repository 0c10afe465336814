/** Draws the README's picture from one run of the demo, and compares the README's table with the same run. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { comparison, type Score } from '../../examples/demo/acts/comparison.js';
import { ours } from '../../examples/demo/ours.js';
import { darkScreen } from '../../examples/demo/screen.js';
import { perform } from '../../examples/demo/stage.js';
import { oneRefresh } from './one-refresh.js';
import { differences } from './readme-table.js';

const FOLDER = 'docs/figures';

const { scenes, figures, claims } = await perform(comparison, darkScreen);
const flaws = [
  ...claims.filter(({ holds }) => !holds).map(({ what, measured }) => `${measured} ${what}`),
  ...differences(readFileSync('README.md', 'utf8'), figures as Score[]),
];
if (flaws.length) throw new Error(`Not drawn. ${flaws.join('; ')}`);

mkdirSync(FOLDER, { recursive: true });
writeFileSync(`${FOLDER}/one-refresh.svg`, oneRefresh(scenes.find(({ title }) => title === ours.title)!.wire));
