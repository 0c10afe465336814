import pc from 'picocolors';

/** Colour and movement are for a person at a terminal; a pipe or NO_COLOR gets plain text. */
export const isTerminal = Boolean(process.stdout.isTTY) && pc.isColorSupported;
export const paint = pc.createColors(isTerminal);

/** What a lane shows at one moment. */
export type Phase = 'idle' | 'waiting' | 'sent' | 'replayed' | 'asking' | 'alive' | 'ok' | 'refused' | 'failed';

interface Look {
  glyph: string;
  colour: (text: string) => string;
  /** Where two fall into one cell, the higher is seen: no 401 may hide behind a success. */
  rank: number;
  /** For an instant: what follows it. A state lasts until the next one. */
  after?: Phase;
}

export const LOOKS: Record<Phase, Look> = {
  idle: { glyph: ' ', colour: String, rank: 0 },
  waiting: { glyph: '·', colour: paint.yellow, rank: 1 },
  sent: { glyph: '─', colour: paint.cyan, rank: 2 },
  replayed: { glyph: '═', colour: paint.green, rank: 3 },
  asking: { glyph: '█', colour: paint.magenta, rank: 3 },
  alive: { glyph: '▔', colour: paint.magenta, rank: 3 },
  ok: { glyph: '✓', colour: paint.green, rank: 4, after: 'idle' },
  refused: { glyph: '●', colour: paint.red, rank: 5, after: 'waiting' },
  failed: { glyph: '✗', colour: (text) => paint.bold(paint.red(text)), rank: 6, after: 'idle' },
};

const MEANINGS: Record<Exclude<Phase, 'idle'>, string> = {
  sent: 'sent',
  refused: '401',
  waiting: 'waits',
  replayed: 'replayed',
  ok: 'ok',
  failed: 'failed',
  asking: 'token request',
  alive: 'valid',
};

/** Every sign, in one line of a narrow window. */
export function legend(): string {
  const signs = Object.entries(MEANINGS) as [Phase, string][];
  return signs.map(([phase, meaning]) => `${glyphs(phase)} ${paint.dim(meaning)}`).join('  ');
}

export function glyphs(phase: Phase, times = 1): string {
  return LOOKS[phase].colour(LOOKS[phase].glyph.repeat(times));
}
