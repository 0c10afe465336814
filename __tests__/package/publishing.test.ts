import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import ts from 'typescript';

const run = promisify(execFile);
const WORKFLOWS = '.github/workflows';
// A commit says its version beside it, where a reader and Dependabot find it.
const PINNED = /^(?:actions|github)\/[a-z/-]+@[0-9a-f]{40} # v\d[\d.]*$/;

const manifest = JSON.parse(await readFile('package.json', 'utf8'));
const files = await readdir(WORKFLOWS);
const workflows = new Map(await Promise.all(files.map(async (file) => [file, await workflow(file)] as const)));

function workflow(file: string): Promise<string> {
  return readFile(join(WORKFLOWS, file), 'utf8');
}

/** The text of one job, which ends where the next one begins. */
function job(file: string, name: string): string {
  const [, text] = new RegExp(`^  ${name}:\\n((?:(?:    .*)?\\n)+)`, 'm').exec(workflows.get(file) ?? '') ?? [];
  if (!text) throw new Error(`${file} has no job "${name}"`);
  return text;
}

/** The command below a step's name. */
function command(name: string): string {
  const [, found] = new RegExp(`- name: ${name}\\n +run: (.+)`).exec(job('release.yml', 'pack')) ?? [];
  if (!found) throw new Error(`release.yml has no step "${name}"`);
  return found;
}

describe('the workflows', () => {
  it.each([...workflows])('%s uses actions of GitHub, each pinned by its commit, and no secret', (_, text) => {
    const used = [...text.matchAll(/uses: (.+)/g)].map(([, action]) => action);
    expect(used.length).toBeGreaterThan(0);
    for (const action of used) expect(action).toMatch(PINNED);
    expect(text).not.toMatch(/secrets\./);
  });

  it('run .ci/run on each Node that is supported, the oldest first', () => {
    const ci = job('ci.yml', 'ci');
    expect(ci).toMatch(/run: bash \.ci\/run\n/);
    const [, nodes = ''] = /node: \[(.+)\]/.exec(ci) ?? [];
    expect(nodes.split(', ')).toEqual(['20', '22', '24']);
    expect(manifest.engines.node).toBe('>=20');
  });

  it('run the tests on macOS and Windows too', () => {
    const elsewhere = job('ci.yml', 'elsewhere');
    expect(elsewhere).toMatch(/os: \[macos-latest, windows-latest\]/);
    expect([...elsewhere.matchAll(/- run: (.+)/g)].map(([, command]) => command)).toEqual(['npm ci', 'npm test']);
  });

  it('have the code read by CodeQL, which may write nothing but its results', () => {
    const analyze = job('codeql.yml', 'analyze');
    expect(analyze).toMatch(/languages: javascript-typescript/);
    expect([...analyze.matchAll(/(\S+): write/g)].map(([, permission]) => permission)).toEqual(['security-events']);
  });

  it('are kept up to date by Dependabot', async () => {
    expect(await readFile('.github/dependabot.yml', 'utf8')).toMatch(/package-ecosystem: github-actions/);
  });

  it('publish nothing before .ci/run has passed', () => {
    const pack = job('release.yml', 'pack');
    expect(pack.indexOf('bash .ci/run')).toBeGreaterThan(0);
    expect(pack.indexOf('npm pack')).toBeGreaterThan(pack.indexOf('bash .ci/run'));
    expect(job('release.yml', 'publish')).toMatch(/^ +needs: pack$/m);
  });

  it('publish with provenance, from a job that runs nothing of ours', () => {
    const publish = job('release.yml', 'publish');
    expect(publish).toMatch(/run: npm publish .*--provenance/);
    expect(publish).toMatch(/id-token: write/);
    expect(publish).not.toMatch(/checkout|npm (ci|install|run)|\.ci/);
    expect(job('release.yml', 'pack')).not.toMatch(/id-token/);
  });
});

describe('a release', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'axios-bearer-release-'));
    await cp('package.json', join(directory, 'package.json'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  const passes = async (step: string, env: NodeJS.ProcessEnv) =>
    run('bash', ['-c', command(step)], { cwd: directory, env: { ...process.env, ...env } }).then(
      () => true,
      () => false,
    );

  it('is refused when the tag is not the version', async () => {
    const tags = [`v${manifest.version}`, manifest.version, `v${manifest.version}.1`, 'v99.0.0'];
    const results = tags.map((tag) => passes('The tag is the version', { GITHUB_REF_NAME: tag }));
    expect(await Promise.all(results)).toEqual([true, false, false, false]);
  });

  it('is refused when the changelog does not date it', async () => {
    const step = 'The changelog says what is in it, and when it came';
    await writeFile(join(directory, 'CHANGELOG.md'), '## [1.1.0] - Unreleased\n\n## [1.0.0] - 2027-01-31\n');
    expect(await passes(step, { GITHUB_REF_NAME: 'v1.0.0' })).toBe(true);
    expect(await passes(step, { GITHUB_REF_NAME: 'v1.1.0' })).toBe(false);
  });

  it('says where it comes from', async () => {
    const env = { GITHUB_SERVER_URL: 'https://git.example.com', GITHUB_REPOSITORY: 'ada/axios-bearer' };
    expect(await passes('Say where it comes from', env)).toBe(true);
    expect(JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'))).toMatchObject({
      repository: { type: 'git', url: 'git+https://git.example.com/ada/axios-bearer.git' },
      homepage: 'https://git.example.com/ada/axios-bearer#readme',
      bugs: { url: 'https://git.example.com/ada/axios-bearer/issues' },
    });
  });
});

it('every entry of the package is documented', async () => {
  const { config } = ts.readConfigFile('tsconfig.json', ts.sys.readFile);
  const { entryPoints } = JSON.parse(await readFile('typedoc.json', 'utf8'));
  const names = Object.keys(manifest.exports).filter((path) => path !== './package.json');
  const sources = names.map((path) => config.compilerOptions.paths[manifest.name + path.slice(1)][0]);
  expect(entryPoints.map((path: string) => `./${path}`)).toEqual(sources);
});

it('the changelog has this version on top', async () => {
  const [, newest] = /^## \[(.+?)\]/m.exec(await readFile('CHANGELOG.md', 'utf8')) ?? [];
  expect(newest).toBe(manifest.version);
});
