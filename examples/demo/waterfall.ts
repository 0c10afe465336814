import { LOOKS, type Phase, paint } from './phases.js';
import type { Scene } from './scene.js';
import type { Lane } from './wire.js';

const MARGIN = '   ';
const LABEL = 14;

/** From where to where the picture goes: columns on one side, milliseconds on the other. */
interface Scale {
  readonly columns: number;
  readonly ms: number;
}

type Picture = Pick<Scene, 'title' | 'wire'>;

/**
 * Scenes as lanes over one time axis, each scene from its own beginning, so that they can be compared. `lanes`: how many
 * requests of a scene are drawn; the others are counted.
 */
export function waterfall(scenes: readonly Picture[], width: number, lanes: number): string[] {
  const begun = scenes.filter(({ wire }) => wire.lanes.length > 0);
  if (begun.length === 0) return [];
  const ms = Math.max(1, ...begun.map(({ wire }) => endOf(wire) - startOf(wire)));
  const scale = { columns: width - MARGIN.length - LABEL - 1, ms };
  return [...begun.flatMap((scene) => drawScene(scene, scale, lanes)), axis(scale)];
}

function drawScene({ title, wire }: Picture, scale: Scale, limit: number): string[] {
  const requests = wire.lanes.filter((lane) => !lane.isToken);
  const shown = sample(requests, limit);
  const draw = (lane: Lane) => MARGIN + label(lane) + drawLane(lane, startOf(wire), endOf(wire), scale);
  return [
    ...(title ? [MARGIN + paint.bold(title)] : []),
    ...wire.lanes.filter((lane) => lane.isToken).map(draw),
    ...shown.map(draw),
    ...(shown.length < requests.length ? [MARGIN + others(requests.filter((lane) => !shown.includes(lane)))] : []),
  ];
}

function drawLane({ changes }: Lane, start: number, end: number, { columns, ms }: Scale): string {
  const cells: Phase[] = Array(columns).fill('idle');
  const column = (at: number) => Math.min(columns - 1, Math.floor(((at - start) / ms) * columns));
  const put = (phase: Phase, cell: number) => {
    if (LOOKS[phase].rank >= LOOKS[cells[cell]!].rank) cells[cell] = phase;
  };
  changes.forEach(({ at, phase }, i) => {
    const until = Math.min(end, changes[i + 1]?.at ?? end);
    const last = Math.max(column(at), column(until) - 1);
    for (let cell = column(at); cell <= last; cell++) put(LOOKS[phase].then ?? phase, cell);
    put(phase, column(at));
  });
  return coloured(cells);
}

/** One colour code per run of equal cells. */
function coloured(cells: Phase[]): string {
  let text = '';
  for (let from = 0, to = 0; from < cells.length; from = to) {
    while (cells[to] === cells[from]) to++;
    const { glyph, colour } = LOOKS[cells[from]!];
    text += colour(glyph.repeat(to - from));
  }
  return text.trimEnd();
}

function label({ name, isToken }: Lane): string {
  const text = name.padEnd(LABEL);
  return isToken ? paint.magenta(text) : paint.dim(text);
}

/** Evenly spread, the first and the last among them. */
function sample<T>(all: T[], limit: number): T[] {
  if (all.length <= limit) return all;
  return Array.from({ length: limit }, (_, i) => all[Math.round((i * (all.length - 1)) / (limit - 1))]!);
}

function others(hidden: Lane[]): string {
  const ended = (phase: Phase) => hidden.filter(({ changes }) => changes.at(-1)?.phase === phase).length;
  const count = (phase: Phase) => (ended(phase) ? `  ${LOOKS[phase].colour(`${LOOKS[phase].glyph} ${ended(phase)}`)}` : '');
  return paint.dim(`… ${hidden.length} more`.padEnd(LABEL - 2)) + count('ok') + count('failed');
}

/** Round numbers, with room between them. */
function axis({ columns, ms }: Scale): string {
  const rough = (ms / columns) * 12;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * magnitude).find((each) => each >= rough)!;
  let line = '';
  for (let at = 0; at < ms; at += step) {
    const tick = at === 0 ? '0' : at < 1_000 ? `${at} ms` : `${at / 1_000} s`;
    const column = Math.floor((at / ms) * columns);
    if (column + tick.length < columns) line = `${line.padEnd(column)}╵${tick}`;
  }
  return MARGIN + ' '.repeat(LABEL) + paint.dim(line);
}

function startOf({ lanes }: Picture['wire']): number {
  return Math.min(...lanes.flatMap(({ changes }) => changes[0]?.at ?? []));
}

function endOf({ endedAt = Date.now() }: Picture['wire']): number {
  return endedAt;
}
