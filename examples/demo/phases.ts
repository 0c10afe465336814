import pc from 'picocolors';

/** Colour and movement are for a person at a terminal; a pipe or NO_COLOR gets plain text. */
export const isTerminal = Boolean(process.stdout.isTTY) && pc.isColorSupported;
export const paint = pc.createColors(isTerminal);

export type Phase = keyof typeof PHASES;

interface Look {
  glyph: string;
  colour: (text: string) => string;
  /** Where two fall into one cell, the higher one is seen: no 401 may hide behind a success. */
  rank: number;
  /** An instant, and what follows it. Without: a state, which lasts until the next one. */
  then?: 'idle' | 'waiting';
  means?: string;
}

const PHASES = {
  idle: { glyph: ' ', colour: String, rank: 0 },
  waiting: { glyph: '·', colour: paint.yellow, rank: 1, means: 'waiting for a token' },
  sent: { glyph: '─', colour: paint.cyan, rank: 2, means: 'sent' },
  replayed: { glyph: '═', colour: paint.green, rank: 3, means: 'replayed' },
  asking: { glyph: '█', colour: paint.magenta, rank: 3, means: 'the refresh' },
  alive: { glyph: '▔', colour: paint.magenta, rank: 3, means: "a token's life" },
  ok: { glyph: '✓', colour: paint.green, rank: 4, then: 'idle', means: 'ok' },
  refused: { glyph: '●', colour: paint.red, rank: 5, then: 'waiting', means: '401' },
  failed: { glyph: '✗', colour: (text: string) => paint.bold(paint.red(text)), rank: 6, then: 'idle', means: 'failed' },
} satisfies Record<string, Look>;

export const LOOKS: Record<Phase, Look> = PHASES;

const LEGEND: Phase[] = ['sent', 'refused', 'waiting', 'replayed', 'ok', 'failed', 'asking'];

export function legend(): string {
  return LEGEND.map((phase) => `${LOOKS[phase].colour(LOOKS[phase].glyph)} ${LOOKS[phase].means}`).join('   ');
}
