// Does the model find bugs? Applies each patch of __tests__/model/bugs to a scratch copy, runs the model there, and
// expects red. Names given as arguments: those only.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import Table from 'cli-table3';

const BUGS = resolve('__tests__/model/bugs');
const COPIED = ['lib', '__tests__/model', 'jest.config.ts', 'package.json', 'tsconfig.json'];
const JEST = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
  '__tests__/model',
];
// ms; a bug may well be an endless loop.
const PATIENCE = 120_000;

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

/** What the model says first, and after how many seconds of its own. */
function run() {
  rmSync(report, { force: true });
  spawnSync(process.execPath, [...JEST, '--json', '--outputFile', report], {
    cwd: scratch,
    env: { MODEL_RUNS: '100', ...process.env, MODEL_STOP: '1', FORCE_COLOR: '0' },
    stdio: 'ignore',
    timeout: PATIENCE,
  });
  let results;
  try {
    results = JSON.parse(readFileSync(report, 'utf8')).testResults[0];
  } catch {
    return { law: `no end within ${PATIENCE / 1_000} s`, scene: '', seconds: PATIENCE / 1_000 };
  }
  const { assertionResults, message } = results;
  const at = assertionResults.findIndex(({ status }) => status === 'failed');
  if (at < 0) return assertionResults.length ? undefined : { law: message, scene: '', seconds: 0 };
  const { title, failureMessages } = assertionResults[at];
  const seconds = assertionResults.slice(0, at + 1).reduce((sum, { duration }) => sum + duration, 0) / 1_000;
  return { law: /Got error: (.*)/.exec(failureMessages[0])?.[1] ?? failureMessages[0], scene: title, seconds };
}

function seed(file) {
  const patch = join(BUGS, file);
  const refused = apply(patch);
  if (refused) return { refused };
  const found = run();
  apply(patch, '-R');
  return { found };
}

const table = new Table({ head: ['bug', 'found by', 'on', 's'], colWidths: [24, 62, 44, 6], wordWrap: true });
const healthy = run();
if (healthy) table.push(['none', `RED: ${healthy.law}`, healthy.scene, '']);
let missed = healthy ? 1 : 0;
for (const file of readdirSync(BUGS).sort()) {
  const name = basename(file, '.patch');
  if (!file.endsWith('.patch') || (asked.length && !asked.includes(name))) continue;
  const { refused, found } = seed(file);
  if (!found) missed += 1;
  table.push([
    name,
    refused ? `DOES NOT APPLY: ${refused}` : (found?.law ?? 'NOT FOUND'),
    found?.scene ?? '',
    found?.seconds.toFixed(1) ?? '',
  ]);
}
rmSync(scratch, { recursive: true });
console.log(table.toString());
if (missed) process.exitCode = 1;
