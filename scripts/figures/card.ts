export interface Card {
  readonly title: string;
  /** For those who don't see it. */
  readonly description: string;
  readonly width: number;
  readonly height: number;
  /** Elements with the classes below. */
  readonly body: readonly string[];
}

const LIGHT = {
  card: '#ffffff',
  edge: '#d0d7de',
  text: '#1f2328',
  faint: '#59636e',
  rule: '#e6e9ec',
  blue: '#2f81f7',
  green: '#1a7f37',
  red: '#d1242f',
  amber: '#d4a72c',
  purple: '#8250df',
};

const DARK: typeof LIGHT = {
  card: '#0d1117',
  edge: '#3d444d',
  text: '#f0f6fc',
  faint: '#9198a1',
  rule: '#21262d',
  blue: '#4493f8',
  green: '#3fb950',
  red: '#f85149',
  amber: '#9e6a03',
  purple: '#ab7df8',
};

/** A picture on a ground of its own: it can be read on a light page and on a dark one, whichever the page asks for. */
export function card({ title, description, width, height, body }: Card): string {
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title description">`,
    `<title id="title">${escaped(title)}</title>`,
    `<desc id="description">${escaped(description)}</desc>`,
    `<style>${coloursOf(LIGHT)} @media (prefers-color-scheme: dark) { ${coloursOf(DARK)} } text { font: 13px system-ui, sans-serif } .heading { font-size: 16px; font-weight: 600 }</style>`,
    `<rect class="card" x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="8"/>`,
    ...body,
    '</svg>',
  ].join('\n')}\n`;
}

/** `.text` colours letters, and each other class a shape. */
function coloursOf({ card, edge, ...colours }: typeof LIGHT): string {
  const classes = Object.entries(colours).map(([name, colour]) => `.${name} { fill: ${colour} }`);
  return [`.card { fill: ${card}; stroke: ${edge} }`, ...classes].join(' ');
}

export function rect(colour: string, x: number, y: number, width: number, height: number): string {
  return `<rect class="${colour}" x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}"/>`;
}

export function text(words: string, x: number, y: number, colour = 'text', anchor = 'start'): string {
  return `<text class="${colour}" x="${short(x)}" y="${short(y)}" text-anchor="${anchor}">${escaped(words)}</text>`;
}

export function heading(words: string): string {
  return `<text class="text heading" x="24" y="34">${escaped(words)}</text>`;
}

function short(n: number): string {
  return String(Math.round(n * 10) / 10);
}

function escaped(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
