import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { type Claim, exactly, type Played } from '../../examples/demo/act.js';
import { ACTS } from '../../examples/demo/acts/index.js';
import { LOOKS, legend, type Phase } from '../../examples/demo/phases.js';
import { actPage, closing, isOk } from '../../examples/demo/report.js';
import { waterfall } from '../../examples/demo/waterfall.js';
import { Wire } from '../../examples/demo/wire.js';

const LAYOUT = { width: 80, lanes: 3, lead: 0 };

/** A wire that ended after `ms`, on which this was seen. */
function wireWith(ms: number, lanes: Record<string, [at: number, phase: Phase][]>): Wire {
  const wire = new Wire();
  for (const [name, changes] of Object.entries(lanes)) {
    for (const [at, phase] of changes) wire.lane(name).note(phase, 1_000_000 + at);
  }
  wire.endedAt = 1_000_000 + ms;
  return wire;
}

/** The lane of that name, without its label. */
function lane(lines: string[], name: string): string | undefined {
  return lines.find((line) => line.trimStart().startsWith(`${name} `))?.slice(17);
}

describe('the waterfall', () => {
  it('draws each phase for as long as it lasted', () => {
    const wire = wireWith(620, {
      'page 1': [
        [0, 'sent'],
        [100, 'refused'],
        [400, 'replayed'],
        [600, 'ok'],
      ],
      '/auth/refresh': [
        [100, 'asking'],
        [400, 'idle'],
      ],
    });
    const lines = waterfall([{ wire }], LAYOUT);
    expect(lane(lines, '/auth/refresh')).toBe(`${' '.repeat(10)}${'█'.repeat(30)}`);
    expect(lane(lines, 'page 1')).toBe(`${'─'.repeat(10)}●${'·'.repeat(29)}${'═'.repeat(20)}✓`);
  });

  it('lets no 401 hide behind a success in the same cell', () => {
    const wire = wireWith(6_200, {
      'page 1': [
        [0, 'sent'],
        [1, 'refused'],
        [2, 'replayed'],
        [3, 'ok'],
      ],
      'page 2': [
        [0, 'sent'],
        [6_000, 'ok'],
      ],
    });
    expect(lane(waterfall([{ wire }], LAYOUT), 'page 1')).toBe('●');
  });

  it('shows one lane of each kind, and counts those it leaves out', () => {
    const fine = Object.fromEntries(
      Array.from({ length: 99 }, (_, i) => [
        `page ${i + 1}`,
        [
          [0, 'sent'],
          [100, 'ok'],
        ] as [number, Phase][],
      ]),
    );
    const wire = wireWith(100, {
      ...fine,
      'page 50': [
        [0, 'sent'],
        [90, 'failed'],
      ],
      'page 42': [
        [0, 'sent'],
        [90, 'failed'],
      ],
    });
    const lines = waterfall([{ wire }], LAYOUT);
    expect(lines.filter((line) => line.includes('page'))).toHaveLength(3);
    expect(lines.filter((line) => /page (42|50)/.test(line))).toHaveLength(1);
    expect(lines.find((line) => line.includes('… 96 more'))).toMatch(/✓ 95 {2}✗ 1$/);
  });

  it('draws two scenes from their own beginnings over one axis', () => {
    const first = wireWith(620, {
      'page 1': [
        [0, 'sent'],
        [600, 'ok'],
      ],
    });
    const second = wireWith(5_310, {
      'page 2': [
        [5_000, 'sent'],
        [5_300, 'ok'],
      ],
    });
    const lines = waterfall([{ wire: first }, { wire: second }], LAYOUT);
    expect(lane(lines, 'page 1')).toBe(`${'─'.repeat(60)}✓`);
    expect(lane(lines, 'page 2')).toBe(`${'─'.repeat(30)}✓`);
  });

  it.each([80, 100, 140])('fits %i columns', (width) => {
    const wire = wireWith(777, {
      'page 1': [
        [0, 'waiting'],
        [300, 'sent'],
        [776, 'ok'],
      ],
    });
    for (const line of waterfall([{ wire }], { ...LAYOUT, width })) expect(line.length).toBeLessThanOrEqual(width);
  });
});

it('the legend has every sign, and fits 80 columns', () => {
  const shown = `   ${stripVTControlCharacters(legend())}`;
  for (const { glyph } of Object.values(LOOKS)) expect(shown).toContain(`${glyph} `);
  expect(shown.length).toBeLessThanOrEqual(80);
});

it.each(ACTS)('the headline of $letter fits 80 columns', (act) => {
  for (const line of actPage(act, [], [], 80)) {
    expect(stripVTControlCharacters(line).length).toBeLessThanOrEqual(80);
  }
});

describe('the last word', () => {
  const played = (claim: Claim, drawn = 7): Played[] => [
    {
      act: { letter: 'x', headline: 'An act', play: () => Promise.reject() },
      claims: [claim],
      drawn,
      logged: 7,
      scenes: [],
    },
  ];

  it('is good when every claim held', () => {
    expect(isOk(played(exactly('refreshes', 1, 1)))).toBe(true);
  });

  it('is bad when a claim did not hold, and names it', () => {
    const bad = played(exactly('refreshes', 1, 2));
    expect(isOk(bad)).toBe(false);
    expect(closing(bad, 1).join('\n')).toMatch(/x │ refreshes +│ +1 │ +2 │ ✗/);
  });

  it('is bad when the picture shows other requests than the server saw', () => {
    expect(isOk(played(exactly('refreshes', 1, 1), 8))).toBe(false);
  });

  it('is bad when nothing was played', () => {
    expect(isOk([])).toBe(false);
  });
});
