// Can the tests fail? Applies each patch of __tests__/bugs to a scratch copy, each of which breaks a law there, and expects
// red: of the tests whose titles name the law, and of the model. Names given as arguments: those only.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import Table from 'cli-table3';

const BUGS = resolve('__tests__/bugs');
const COPIED = ['lib', '__tests__', 'scripts', 'jest.config.ts', 'package.json', 'tsconfig.json'];
const LAWS = ['__tests__/laws', '__tests__/session', '__tests__/sources', '__tests__/stores', '__tests__/platform'];
const JEST = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
// ms; a bug may well be an endless loop.
const PATIENCE = 240_000;

const asked = process.argv.slice(2);
const scratch = mkdtempSync(join(tmpdir(), 'axios-bearer-bugs-'));
for (const path of COPIED) cpSync(path, join(scratch, path), { recursive: true });
symlinkSync(resolve('node_modules'), join(scratch, 'node_modules'));

/** No lines around the change are asked for, so that edits beside it do no harm. */
function apply(patch) {
  const { status, stderr } = spawnSync('git', ['apply', '--unidiff-zero', patch], { cwd: scratch, encoding: 'utf8' });
  return status === 0 ? undefined : stderr.trim();
}

function mend() {
  rmSync(join(scratch, 'lib'), { recursive: true });
  cpSync('lib', join(scratch, 'lib'), { recursive: true });
}

/** What the first test that fails says, and after how many seconds; `undefined`: none fails. */
function firstRed(args, environment = {}) {
  const began = Date.now();
  const { status, stderr } = spawnSync(process.execPath, [...JEST, ...args], {
    cwd: scratch,
    env: { ...process.env, ...environment, FORCE_COLOR: '0' },
    encoding: 'utf8',
    timeout: PATIENCE,
    maxBuffer: 2 ** 30,
  });
  if (status === 0) return undefined;
  const [, said] = /Got error: (.*)/.exec(stderr) ?? /● .* › (.*)/.exec(stderr) ?? /● (.*)/.exec(stderr) ?? [];
  return `${said ?? `no end within ${PATIENCE / 1_000} s`} (${Math.round((Date.now() - began) / 1_000)} s)`;
}

/** The files that speak of it; jest would start every other one too. */
function filesOf(law) {
  const filesIn = (folder) => readdirSync(folder, { recursive: folder === LAWS[0] }).map((file) => join(folder, file));
  const files = LAWS.flatMap(filesIn);
  return files.filter(
    (file) => file.endsWith('.test.ts') && new RegExp(`\\b${law}\\b`).test(readFileSync(file, 'utf8')),
  );
}

const inModel = () => firstRed(['__tests__/model'], { MODEL_RUNS: '300', MODEL_STOP: '1' });
const inLaws = (law) => firstRed([...filesOf(law), '--testNamePattern', `\\b${law}\\b`]);

/** What finds it; `undefined`: nothing does. */
function cells(file) {
  const patch = join(BUGS, file);
  const [headline] = readFileSync(patch, 'utf8').split('\n');
  const [, law] = /^Breaks (L\d+)/.exec(headline);
  const refused = apply(patch);
  const found = refused
    ? [`DOES NOT APPLY: ${refused}`]
    : [inLaws(law), headline.includes('The model has no such thing') ? '–' : inModel()];
  mend();
  return [law, ...found];
}

const table = new Table({
  head: ['bug', 'law', 'a test of the law', 'the model'],
  colWidths: [29, 5, 58, 58],
  wordWrap: true,
});
const healthy = [inLaws('L\\d+'), inModel()];
let missed = healthy.some(Boolean) ? 1 : 0;
table.push(['none', '', ...healthy.map((red) => (red ? `RED: ${red}` : 'green'))]);
for (const file of readdirSync(BUGS).sort()) {
  const name = basename(file, '.patch');
  if (!file.endsWith('.patch') || (asked.length && !asked.includes(name))) continue;
  const [law, test, model] = cells(file);
  if (!test || !model) missed += 1;
  table.push([name, law, test ?? 'NOT FOUND', model ?? 'NOT FOUND']);
}
rmSync(scratch, { recursive: true });
console.log(table.toString());
if (missed) process.exitCode = 1;
