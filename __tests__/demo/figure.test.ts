import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { Phase } from '../../examples/demo/phases.js';
import { Wire } from '../../examples/demo/wire.js';
import { oneRefresh } from '../../scripts/figures/one-refresh.js';

const PICTURE = 'docs/figures/one-refresh.svg';

/** A wire on which `n` requests were refused, waited for a refresh, and were sent again. */
function wireOf(n: number): Wire {
  const wire = new Wire();
  const note = (lane: string, changes: [at: number, phase: Phase][]) => {
    for (const [at, phase] of changes) wire.lane(lane).note(phase, 1_000_000 + at);
  };
  note('/auth/refresh', [
    [100, 'asking'],
    [400, 'idle'],
  ]);
  for (let page = 1; page <= n; page++) {
    note(`page ${page}`, [
      [0, 'sent'],
      [100, 'refused'],
      [400, 'replayed'],
      [600, 'ok'],
    ]);
  }
  wire.endedAt = 1_000_600;
  return wire;
}

const shapes = (svg: string, colour: string, height: string) =>
  svg.match(new RegExp(`<rect class="${colour}" [^>]*height="${height}"/>`, 'g')) ?? [];
const LANE = '2\\.4';

describe('the picture', () => {
  const svg = oneRefresh(wireOf(3));

  it('counts what was on the wire', () => {
    expect(svg).toContain('3 requests, one expired token · 3 times 401 · one refresh · 3 succeed');
  });

  it('draws each request as it was sent, refused, held and sent again, and the refresh', () => {
    for (const colour of ['blue', 'red', 'amber', 'green']) expect(shapes(svg, colour, LANE)).toHaveLength(3);
    expect(shapes(svg, 'purple', '14')).toHaveLength(1);
  });

  it('draws as long as it lasted', () => {
    const [sent, waited, again] = ['blue', 'amber', 'green'].map((colour) =>
      Number(/ width="([\d.]+)"/.exec(shapes(svg, colour, LANE)[0]!)![1]),
    );
    expect(waited! / sent!).toBeCloseTo(3, 1);
    expect(again! / sent!).toBeCloseTo(2, 1);
  });
});

describe('the picture of the README', () => {
  const svg = readFileSync(PICTURE, 'utf8');

  it('is shown there', () => {
    expect(readFileSync('README.md', 'utf8')).toContain(`](${PICTURE})`);
  });

  it('is of 100 requests that all succeed by one refresh', () => {
    expect(svg).toContain('>100 requests, one expired token · 100 times 401 · one refresh · 100 succeed<');
    expect(shapes(svg, 'purple', '14')).toHaveLength(1);
    expect(shapes(svg, 'red', LANE)).toHaveLength(100);
  });

  it('has colours for light and for dark', () => {
    expect(svg).toContain('prefers-color-scheme: dark');
  });
});
