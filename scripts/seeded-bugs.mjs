// Can the tests fail? Applies each patch of __tests__/bugs to a scratch copy, each of which breaks a law there, and expects
// red: of the tests whose titles name the law, and of the model. Names given as arguments: those only.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import Table from 'cli-table3';

const BUGS = resolve('__tests__/bugs');
const COPIED = ['lib', '__tests__', 'jest.config.ts', 'package.json', 'tsconfig.json'];
const LAWS = ['__tests__/laws', '__tests__/session', '__tests__/sources', '__tests__/stores'];
const JEST = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
// ms; a bug may well be an endless loop.
const PATIENCE = 240_000;

const asked = process.argv.slice(2);
const scratch = mkdtempSync(join(tmpdir(), 'axios-bearer-bugs-'));
const report = join(scratch, 'report.json');
for (const path of COPIED) cpSync(path, join(scratch, path), { recursive: true });
symlinkSync(resolve('node_modules'), join(scratch, 'node_modules'));

/** No lines around the change are asked for, so that edits beside it do no harm. */
function apply(patch, ...more) {
  const { status, stderr } = spawnSync('git', ['apply', '--unidiff-zero', ...more, patch], {
    cwd: scratch,
    encoding: 'utf8',
  });
  return status === 0 ? undefined : stderr.trim();
}

/** The first test that fails, and after how many seconds of the tests' own; `undefined`: none does. */
function firstRed(args, environment) {
  rmSync(report, { force: true });
  spawnSync(process.execPath, [...JEST, ...args, '--json', '--outputFile', report], {
    cwd: scratch,
    env: { ...process.env, ...environment, FORCE_COLOR: '0' },
    stdio: 'ignore',
    timeout: PATIENCE,
  });
  let suites;
  try {
    suites = JSON.parse(readFileSync(report, 'utf8')).testResults;
  } catch {
    return { title: `no end within ${PATIENCE / 1_000} s`, seconds: PATIENCE / 1_000 };
  }
  let seconds = 0;
  for (const { assertionResults, message } of suites) {
    if (!assertionResults.length) return { title: message, seconds };
    for (const { status, title, failureMessages, duration } of assertionResults) {
      seconds += (duration ?? 0) / 1_000;
      if (status === 'failed') return { title, seconds, error: /Got error: (.*)/.exec(failureMessages[0])?.[1] };
    }
  }
  return undefined;
}

/** The files that speak of it; jest would start every other one too. */
function filesOf(law) {
  const files = LAWS.flatMap((folder) => readdirSync(folder).map((file) => join(folder, file)));
  return files.filter(
    (file) => file.endsWith('.test.ts') && new RegExp(`\\b${law}\\b`).test(readFileSync(file, 'utf8')),
  );
}

const inModel = () => firstRed(['__tests__/model'], { MODEL_RUNS: '100', MODEL_STOP: '1', MODEL_SEED: '1' });
const inLaws = (law) => firstRed([...filesOf(law), '--testNamePattern', `\\b${law}\\b`], {});

/** What finds it; `undefined`: nothing does. */
function cells(file) {
  const patch = join(BUGS, file);
  const [headline] = readFileSync(patch, 'utf8').split('\n');
  const [, law] = /^Breaks (L\d+)/.exec(headline);
  const refused = apply(patch);
  if (refused) return [law, `DOES NOT APPLY: ${refused}`];
  const test = inLaws(law);
  const model = headline.includes('The model has no such thing') ? { title: '–' } : inModel();
  apply(patch, '-R');
  return [
    law,
    test?.title,
    model && `${model.error ?? model.title}${model.seconds ? `, ${model.seconds.toFixed(1)} s` : ''}`,
  ];
}

const table = new Table({
  head: ['bug', 'law', 'a test of the law', 'the model'],
  colWidths: [27, 5, 58, 58],
  wordWrap: true,
});
let missed = 0;
const healthy = [inLaws('L\\d+'), inModel()];
if (healthy.some(Boolean)) {
  table.push(['none', '', ...healthy.map((red) => (red ? `RED: ${red.title}` : 'green'))]);
  missed += 1;
}
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
