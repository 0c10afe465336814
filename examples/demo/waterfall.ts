import { glyphs, LOOKS, type Phase, paint } from './phases.js';
import { type Choice, sample } from './sample.js';
import type { Lane, Wire } from './wire.js';

const MARGIN = '   ';
const LABEL = 14;
const TRIFLE = 10; // ms
const TICK = 12; // columns between two marks of the axis, at least

/** What is drawn of a scene. */
export interface Picture {
  readonly title?: string | undefined;
  readonly wire: Wire;
}

/** So many columns for so many milliseconds. */
interface Scale {
  readonly columns: number;
  readonly ms: number;
}

/**
 * Scenes as lanes over one time axis, each scene from its own beginning, so that they can be compared. Some of a scene's
 * requests are drawn, the others counted.
 */
export function waterfall(pictures: readonly Picture[], { width, ...choice }: Choice & { width: number }): string[] {
  const begun = pictures.filter(({ wire }) => wire.startedAt !== undefined);
  if (begun.length === 0) return [];
  const ms = Math.max(1, ...begun.map(({ wire }) => endOf(wire) - wire.startedAt!));
  const scale = { columns: width - MARGIN.length - LABEL - 1, ms };
  return [...begun.flatMap((picture) => drawScene(picture, scale, choice)), axis(scale)];
}

function drawScene({ title, wire }: Picture, scale: Scale, choice: Choice): string[] {
  const requests = wire.lanes.filter(({ isRequest }) => isRequest);
  const shown = sample(requests, choice, wire.endedAt !== undefined);
  const hidden = requests.filter((lane) => !shown.includes(lane));
  const lines = [
    ...wire.lanes.filter(({ isRequest }) => !isRequest).map((lane) => label(lane) + drawLane(lane, wire, scale)),
    ...shown.map((lane) => label(lane) + drawLane(lane, wire, scale)),
    ...(hidden.length ? [others(hidden)] : []),
  ].map((line) => MARGIN + line);
  return title ? [` ▸ ${paint.bold(title)}`, ...lines] : lines;
}

function drawLane({ changes }: Lane, wire: Wire, { columns, ms }: Scale): string {
  const cells: Phase[] = Array(columns).fill('idle');
  const end = endOf(wire);
  const column = (at: number) => Math.min(columns - 1, Math.floor(((at - wire.startedAt!) / ms) * columns));
  const put = (phase: Phase, cell: number) => {
    if (LOOKS[phase].rank >= LOOKS[cells[cell]!].rank) cells[cell] = phase;
  };
  changes.forEach(({ at, phase }, i) => {
    const until = Math.min(end, changes[i + 1]?.at ?? end);
    const lasting = LOOKS[phase].after ?? phase;
    const last = Math.max(column(at), column(until) - 1);
    if (!isTrifle(lasting, until - at)) for (let cell = column(at); cell <= last; cell++) put(lasting, cell);
    if (phase !== lasting) put(phase, column(at));
  });
  return coloured(cells);
}

/** Every call takes a moment before it is sent; that is no waiting. */
function isTrifle(phase: Phase, ms: number): boolean {
  return phase === 'waiting' && ms < TRIFLE;
}

/** One colour code per run of equal cells. */
function coloured(cells: Phase[]): string {
  let text = '';
  for (let from = 0, to = 0; from < cells.length; from = to) {
    while (to < cells.length && cells[to] === cells[from]) to++;
    text += glyphs(cells[from]!, to - from);
  }
  return text.trimEnd();
}

function label({ name, isRequest }: Lane): string {
  const text = name.padEnd(LABEL);
  return isRequest ? paint.dim(text) : paint.magenta(text);
}

function others(hidden: Lane[]): string {
  const ended = (phase: Phase) => hidden.filter(({ changes }) => changes.at(-1)?.phase === phase).length;
  const count = (phase: Phase) => (ended(phase) ? `${glyphs(phase)} ${ended(phase)}  ` : '');
  return paint.dim(`… ${hidden.length} more`.padEnd(LABEL)) + (count('ok') + count('failed')).trimEnd();
}

/** Marks at round numbers. */
function axis({ columns, ms }: Scale): string {
  const least = (ms / columns) * TICK;
  const magnitude = 10 ** Math.floor(Math.log10(least));
  const step = magnitude * [1, 2, 5, 10].find((factor) => factor * magnitude >= least)!;
  let line = '';
  for (let at = 0; at < ms; at += step) {
    const column = Math.floor((at / ms) * columns);
    const text = `╵${at === 0 ? '0' : at < 1_000 ? `${at} ms` : `${at / 1_000} s`}`;
    if (column + text.length <= columns) line = line.padEnd(column) + text;
  }
  return MARGIN + ' '.repeat(LABEL) + paint.dim(line);
}

function endOf({ endedAt = Date.now() }: Wire): number {
  return endedAt;
}
