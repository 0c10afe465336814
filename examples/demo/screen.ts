import type { WriteStream } from 'node:tty';
import { stripVTControlCharacters } from 'node:util';

/** Where lines appear: those that stay and, on a terminal, those that lead up to them. */
export interface Screen {
  readonly width: number;
  /** Shows lines that will change: the next ones are painted over them. */
  paint(lines: readonly string[]): void;
  /** Shows lines that stay. */
  print(lines: readonly string[]): void;
}

const NARROWEST = 80; // what terminals open with; narrower ones wrap
const WIDEST = 140; // an eye follows no longer line

/** `moves`: may the cursor go up again? */
export function screenOn(out: WriteStream, moves: boolean): Screen {
  let painted = 0;
  const rows = (lines: readonly string[]) => lines.reduce((sum, line) => sum + rowsOf(line, out.columns), 0);
  // In one write, and each row cleared only behind its text: nothing flickers.
  const show = (lines: readonly string[]) => {
    if (!moves) return void out.write(`${lines.join('\n')}\n`);
    const back = painted ? `\x1b[${painted}A` : '';
    out.write(`${back}${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`);
  };
  return {
    get width() {
      return Math.max(NARROWEST, Math.min(out.columns || NARROWEST, WIDEST));
    },
    paint(lines) {
      // What has scrolled out of the window can't be painted over.
      if (!moves || rows(lines) >= out.rows) return;
      show(lines);
      painted = rows(lines);
    },
    print(lines) {
      show(lines);
      painted = 0;
    },
  };
}

function rowsOf(line: string, columns: number): number {
  return Math.max(1, Math.ceil(stripVTControlCharacters(line).length / columns));
}

/** For `--json`. */
export const darkScreen: Screen = { width: NARROWEST, paint: () => {}, print: () => {} };
