/** What the canvas has a colour for: the classes of the legend, and of the page around it. */
export const SHADES = [
  'waiting',
  'wire',
  'refused',
  'replay',
  'done',
  'failed',
  'refresh',
  'token',
  'line',
  'muted',
  'fg',
  'bg',
] as const;

export type Shade = (typeof SHADES)[number];
export type Palette = Record<Shade, string>;

/** The colours as they are now, in the light or in the dark: those that the page has computed for the probes. */
export function paletteOf(probes: ParentNode): Palette {
  const colour = (shade: Shade) => getComputedStyle(probes.querySelector(`.${shade}`) as Element).color;
  return Object.fromEntries(SHADES.map((shade) => [shade, colour(shade)])) as Palette;
}
