// Runs the whole suite on each version of axios that is installed: the newest, and the aliases `axios-<version>`.
// Versions given as arguments are run instead. A browser knows nothing of axios: its tests are run once, by `npm test`.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const JEST = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
  '--silent',
  '--testPathIgnorePatterns=/node_modules/',
  '--testPathIgnorePatterns=/__tests__/(browser|tabs|stores/(postgres|redis|sqlite))',
];
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

function installed() {
  const aliases = Object.keys(readJson('package.json').devDependencies).flatMap(
    (name) => /^axios-(\d.*)$/.exec(name)?.[1] ?? [],
  );
  const byNumber = (a, b) => a.localeCompare(b, 'en', { numeric: true });
  return [...aliases, readJson('node_modules/axios/package.json').version].sort(byNumber);
}

function run(version, report) {
  const { stderr } = spawnSync(process.execPath, [...JEST, '--json', '--outputFile', report], {
    env: { ...process.env, AXIOS: version, FORCE_COLOR: '0' },
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
    maxBuffer: Number.POSITIVE_INFINITY,
  });
  try {
    return readJson(report);
  } catch {
    throw new Error(`jest brought no report on axios ${version}:\n${stderr}`);
  }
}

const folder = mkdtempSync(join(tmpdir(), 'axios-bearer-matrix-'));
for (const version of process.argv.slice(2).length ? process.argv.slice(2) : installed()) {
  const begun = Date.now();
  const result = run(version, join(folder, `${version}.json`));
  const { numPassedTests: passed, numFailedTests: failed, numPendingTests: skipped, numTodoTests: todo } = result;
  const seconds = Math.round((Date.now() - begun) / 1000);
  console.log(`axios ${version.padEnd(8)} ${passed} passed, ${failed} failed, ${skipped + todo} not run, ${seconds} s`);
  for (const { assertionResults, message } of result.testResults) {
    for (const { fullName, status } of assertionResults) {
      if (status === 'pending' || status === 'todo') console.log(`  not run: ${fullName}`);
    }
    if (message) console.log(message);
  }
  if (!result.success) process.exitCode = 1;
}
rmSync(folder, { recursive: true });
