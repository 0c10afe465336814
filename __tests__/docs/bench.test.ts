import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chart } from '../../bench/chart.js';
import { publish } from '../../bench/page.js';
import { type Bar, MEASURES, type MeasureName, type Result, readResults } from '../../bench/results.js';

const FOLDER = 'docs/bench';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'axios-bearer-bench-page-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

const read = (name: string, from = folder) => readFileSync(join(from, name), 'utf8');
const bar = (name: string, value: number, rest: Partial<Bar> = {}): Bar => ({ name, value, isOurs: false, ...rest });
const result = (...bars: Bar[]): Result => ({ command: 'npm run bench -- hot', on: 'node 20', bars });

const widths = (svg: string, colour: string) =>
  [...svg.matchAll(new RegExp(`<rect class="${colour}" [^>]*width="([\\d.]+)" height="18"`, 'g'))].map(([, width]) =>
    Number(width),
  );

describe('The page of the bench', () => {
  it('and its charts are what the results say', () => {
    publish(folder, readResults(FOLDER));
    expect(readdirSync(folder).sort()).toEqual(readdirSync(FOLDER).sort());
    for (const name of readdirSync(folder)) expect([name, read(name)]).toEqual([name, read(name, FOLDER)]);
  });

  it('has each measure, with a chart that names the command that made it', () => {
    const results = readResults(FOLDER);
    expect(Object.keys(results).sort()).toEqual(Object.keys(MEASURES).sort());
    for (const [name, { command }] of Object.entries(results)) {
      expect(command).toMatch(/^npm run bench/);
      expect(read(`${name}.svg`, FOLDER)).toContain(`>${command} · `);
      expect(read('README.md', FOLDER)).toContain(`](${name}.svg)`);
    }
  });

  it('has the peers beside us', () => {
    const names = (name: MeasureName) => readResults(FOLDER)[name]?.bars.map((each) => each.name.split(' ')[0]);
    expect(names('hot')).toEqual(expect.arrayContaining(['axios-bearer', 'axios-auth-refresh', 'axios-jwt', 'copied']));
    expect(names('storm')).toEqual(expect.arrayContaining(['axios-bearer', 'copied']));
    expect(names('weight')).toEqual(expect.arrayContaining(['axios-bearer', 'axios-auth-refresh', 'openid-client']));
  });

  it('keeps what is not measured anew', () => {
    publish(folder, { hot: result(bar('axios-bearer', 0.5)), weight: result(bar('axios-bearer', 2)) });
    publish(folder, { hot: result(bar('axios-bearer', 0.75)) });
    expect(read('README.md')).toContain('| axios-bearer | × 0.75 |');
    expect(read('README.md')).toContain('| axios-bearer | × 2.00 |');
  });

  it('says which run was a rough one', () => {
    publish(folder, { hot: { ...result(bar('axios-bearer', 1)), command: 'npm run bench -- --quick' } });
    expect(read('README.md')).toContain('A rough run: `npm run bench -- --quick`');
  });
});

describe('A chart', () => {
  const svg = chart(
    { title: 'Some & all', of: 'CPU', base: 'bare axios' },
    result(bar('axios-bearer', 1, { isOurs: true }), bar('a peer', 2, { low: 1.5, high: 4 })),
  );

  it('draws as long as it is, in its own colour', () => {
    const [ours] = widths(svg, 'green');
    const [theirs] = widths(svg, 'blue');
    expect(theirs).toBe(ours! * 2);
  });

  it('draws how sure it is', () => {
    const [ours] = widths(svg, 'green');
    const [, spread] = /<rect class="amber" [^>]*width="([\d.]+)"/.exec(svg)!;
    expect(Number(spread)).toBe(ours! * 2.5);
  });

  it('can be read where no picture is shown', () => {
    expect(svg).toContain('>axios-bearer: × 1.00; a peer: × 2.00</desc>');
  });

  it('is XML, whatever its words are', () => {
    expect(svg).toContain('Some &amp; all');
    expect(svg).not.toMatch(/&(?!amp;|lt;|gt;)/);
  });
});
