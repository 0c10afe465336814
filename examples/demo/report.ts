import Table from 'cli-table3';
import { type Act, type Claim, exactly, type Played } from './act.js';
import { legend, paint } from './phases.js';
import type { Scene } from './scene.js';
import { waterfall } from './waterfall.js';

const LANES = 12;
const MARGIN = '   ';

export function opening(): string[] {
  return [
    '',
    ` ${paint.bold('axios-bearer')}  install it once, and no caller ever meets an expired token again`,
    '',
    MARGIN + paint.dim('const session = bearer(api, { source: apiVideo({ apiKey }) });'),
    MARGIN + paint.dim("await api.get('/videos');"),
    '',
    `${MARGIN}Live, over real HTTP on 127.0.0.1. One lane per request, time to the right.`,
    '',
  ];
}

/** An act as it stands; with `claims`, as it ended. */
export function actPage(
  act: Act,
  scenes: Scene[],
  notes: string[],
  width: number,
  claims?: readonly Claim[],
): string[] {
  return [
    ` ${paint.bold(paint.inverse(` ${act.letter} `))} ${paint.bold(act.headline)}`,
    MARGIN + legend(),
    ...waterfall(scenes, { width, lanes: LANES, lead: 0, ...act }),
    ...notes.map((note) => MARGIN + note),
    ...(claims ? [...verdict(claims, width), ''] : []),
  ];
}

/** ✓ or ✗, and the numbers, as many to a line as fit. */
function verdict(claims: readonly Claim[], width: number): string[] {
  const lines: string[] = [];
  let room = 0;
  for (const claim of claims) {
    const { length } = ` · ${claim.measured} ${claim.what}`;
    const begins = length > room;
    if (begins) room = width - MARGIN.length;
    const before = begins
      ? MARGIN + (lines.length ? '  ' : `${mark(areKept(claims))} `)
      : lines.pop() + paint.dim(' · ');
    lines.push(before + figure(claim));
    room -= length;
  }
  return lines;
}

function figure({ what, measured, expected, holds }: Claim): string {
  const number = paint.bold(String(measured));
  return holds ? `${paint.green(number)} ${what}` : paint.red(`${number} ${what} (expected ${expected})`);
}

function mark(holds: boolean): string {
  return holds ? paint.green('✓') : paint.red('✗');
}

function areKept(claims: readonly Claim[]): boolean {
  return claims.every(({ holds }) => holds);
}

/** The pictures show what the servers saw. */
function honesty(played: readonly Played[]): Claim {
  const total = (count: (each: Played) => number) => played.reduce((sum, each) => sum + count(each), 0);
  return exactly(
    "requests drawn, as in the servers' logs",
    total(({ logged }) => logged),
    total(({ drawn }) => drawn),
  );
}

export function isOk(played: readonly Played[]): boolean {
  return played.length > 0 && areKept([...played.flatMap(({ claims }) => claims), honesty(played)]);
}

/** Everything that was claimed, what came of it, and the last word. */
export function closing(played: readonly Played[], seconds: number): string[] {
  const table = new Table({
    head: ['', 'claim', 'expected', 'measured', ''].map((title) => paint.bold(title)),
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'left', 'right', 'right', 'left'],
  });
  for (const { act, claims } of played) table.push(...claims.map((claim, i) => row(i === 0 ? act.letter : '', claim)));
  table.push(row('*', honesty(played)));

  const claims = [...played.flatMap((each) => each.claims), honesty(played)];
  const kept = claims.filter(({ holds }) => holds).length;
  const word = `${kept} of ${claims.length} claims held, in ${seconds.toFixed(1)} s`;
  return [...table.toString().split('\n'), '', ` ${mark(isOk(played))} ${paint.bold(word)}`, ''];
}

function row(letter: string, { what, expected, measured, holds }: Claim): string[] {
  const colour = holds ? String : paint.red;
  return [paint.bold(letter), colour(what), expected, colour(String(measured)), mark(holds)];
}

/** The same for programs. */
export function figures(played: readonly Played[], seconds: number): object {
  const acts = played.map(({ act: { letter, headline }, claims, drawn, logged, figures }) => ({
    act: letter,
    headline,
    ok: areKept(claims),
    claims: Object.fromEntries(claims.map(({ what, ...rest }) => [what, rest])),
    requests: { drawn, logged },
    figures,
  }));
  return { ok: isOk(played), seconds, acts };
}
