import { card, heading, rect, text } from '../scripts/figures/card.js';
import { type Bar, type Result, times } from './results.js';

const WIDTH = 860;
const LEFT = 250; // of the bars
const LENGTH = 480; // of the longest
const TOP = 86;
const PITCH = 34;
const THICK = 18;

/** Bars from zero, a line at × 1, and the command that made it. */
export function chart({ title, of, base }: { title: string; of: string; base: string }, result: Result): string {
  const { bars, command, on } = result;
  const most = Math.max(1, ...bars.map(({ value, high }) => high ?? value));
  const scale = LENGTH / most;
  const height = TOP + bars.length * PITCH + 44;
  return card({
    title: `${title}: ${of}`,
    description: bars.map(({ name, value }) => `${name}: ${times(value)}`).join('; '),
    width: WIDTH,
    height,
    body: [
      heading(title),
      text(`${of}; the line is × 1: ${base}`, 24, 58, 'faint'),
      rect('faint', LEFT + scale, TOP - 8, 1.5, bars.length * PITCH),
      ...bars.flatMap((bar, i) => drawn(bar, scale, TOP + i * PITCH)),
      text(`${command} · ${on}`, 24, height - 16, 'faint'),
    ],
  });
}

function drawn({ name, value, isOurs, low, high }: Bar, scale: number, y: number): string[] {
  const end = LEFT + (high ?? value) * scale;
  const hasSpread = low !== undefined && high !== undefined;
  return [
    text(name, LEFT - 12, y + 14, 'text', 'end'),
    rect(isOurs ? 'green' : 'blue', LEFT, y, value * scale, THICK),
    ...(hasSpread ? [rect('amber', LEFT + low * scale, y + THICK / 2 - 1, (high - low) * scale, 2)] : []),
    text(times(value), end + 8, y + 14),
  ];
}
