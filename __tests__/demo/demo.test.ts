import { readFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Score } from '../../examples/demo/acts/comparison.js';
import { legend } from '../../examples/demo/phases.js';
import { differences } from '../../scripts/figures/readme-table.js';
import { type Run, runDemo } from './run.js';

const LEGEND = stripVTControlCharacters(legend());
const WHOLE_SHOW = 600_000; // ms: some 15 s on an idle machine. Ends one that hangs, and judges nothing.

interface Measured {
  expected: string;
  measured: number | string;
  holds: boolean;
}
interface Act {
  act: string;
  ok: boolean;
  claims: Record<string, Measured>;
  requests: { drawn: number; logged: number };
  figures?: unknown;
}
interface Figures {
  ok: boolean;
  seconds: number;
  acts: Act[];
}

// Most of a show is waiting: the three begin together.
const shows = { whole: runDemo('--json'), two: runDemo('c', 'f'), none: runDemo('z') };

describe('the demo, with --json', () => {
  let run: Run;
  let figures: Figures;

  beforeAll(async () => {
    run = await shows.whole;
    figures = JSON.parse(run.stdout);
  }, WHOLE_SHOW);

  const act = (letter: string) => figures.acts.find((each) => each.act === letter)!;
  const measured = (letter: string) =>
    Object.fromEntries(Object.entries(act(letter).claims).map(([what, { measured }]) => [what, measured]));

  it('ends by itself with exit code 0, and without complaint', () => {
    expect(run.code).toBe(0);
    expect(run.stderr).not.toMatch(/axios-bearer|unhandled|Error/i);
  });

  it('holds every claim of seven acts', () => {
    expect(figures.acts.map(({ act, ok }) => [act, ok])).toEqual([...'abcdefg'].map((letter) => [letter, true]));
    expect(figures.acts.flatMap(({ claims }) => Object.values(claims)).filter(({ holds }) => !holds)).toEqual([]);
    expect(figures.ok).toBe(true);
  });

  it('draws exactly the requests that the servers saw', () => {
    for (const { requests } of figures.acts) expect(requests.drawn).toBe(requests.logged);
  });

  it('c: gets the first token by API key, once, before anything is sent', () => {
    expect(measured('c')).toEqual({
      'requests that succeed': 6,
      'sign-in with the API key': 1,
      'requests sent without a token': 0,
    });
  });

  it('b: brings 100 concurrent requests through an expired token with one refresh', () => {
    expect(measured('b')).toEqual({
      'requests that succeed': 100,
      'times 401 on the way': 100,
      'refresh, though ten 401s came after it': 1,
      'spent refresh tokens presented again': 0,
    });
  });

  it('d: meets no 401 while tokens expire under steady traffic', () => {
    const { 'requests that succeed': ok, 'refreshes behind them': refreshes, ...none } = measured('d');
    expect(none).toEqual({ 'times 401': 0, 'failed requests': 0 });
    expect(ok).toBeGreaterThanOrEqual(12);
    expect(refreshes).toBeGreaterThanOrEqual(2);
  });

  it('e: backs off while the refresh endpoint is down, and loses neither session nor request', () => {
    expect(measured('e')).toEqual({
      'refreshes answered 503': 3,
      'retries before their backoff was over': 0,
      'requests that succeed, having waited': 10,
      'session afterwards': 'active',
      'sign-ins with the API key': 0,
    });
  });

  it('f: uses the API key again, once, when the refresh token is dead', () => {
    expect(measured('f')).toEqual({
      'requests that succeed': 20,
      'use of the dead refresh token': 1,
      'sign-in with the API key': 1,
    });
  });

  it('g: caps what a server that always says 401 costs', () => {
    expect(measured('g')).toEqual({
      "polls handed the server's own 401": 20,
      'refreshes for all of them': 2,
      'requests for all of them': 24,
      'openings of the breaker': 0,
      'other route, still served': 1,
      'tokens in the error, printed': 0,
    });
  });

  it('a: compares with what people use today, by figures', () => {
    expect(measured('a')).toMatchObject({ 'requests of ours that succeed': 100, 'refresh of ours': 1 });
    expect(act('a').figures).toMatchObject([
      { name: 'copied snippet' },
      { name: 'axios-auth-refresh' },
      { name: 'axios-bearer', storm: { ok: 100, failed: 0, refreshes: 1 }, withOne503: { ok: 100, failed: 0 } },
    ]);
  });

  it('a: measures what the README says', () => {
    const readme = readFileSync('README.md', 'utf8');
    const scores = act('a').figures as Score[];
    expect(differences(readme, scores)).toEqual([]);
    expect(differences(readme.replace('2 ok, 98 fail', '1 ok, 99 fail'), scores)).toHaveLength(1);
  });
});

describe('the demo, piped', () => {
  it(
    'shows the acts it is asked for as plain text that fits 80 columns',
    async () => {
      const { code, stdout } = await shows.two;
      expect(code).toBe(0);
      expect(stdout).not.toContain('\x1b');
      expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
      expect(stdout).toMatch(/^ {2}c {2}No token yet/m);
      expect(stdout.split('\n').filter((line) => line.trim() === LEGEND)).toHaveLength(2);
      expect(stdout).toMatch(/^ {3}\/auth\/api-key +█+$/m);
      // Any of them: on a busy machine some wait before they are sent, or have a phase too short to be drawn.
      expect(stdout).toMatch(/^ {3}page \d+ +·*─+●·+═+✓$/m);
      expect(stdout).toMatch(/ ✓ 7 of 7 claims held/);
    },
    WHOLE_SHOW,
  );

  it(
    'exits with 1 when nothing was shown',
    async () => {
      expect(await shows.none).toMatchObject({ code: 1 });
    },
    WHOLE_SHOW,
  );
});
