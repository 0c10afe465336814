import type { Span } from './view.js';

// px
export const ROW = 22;
/** The axis, and the strips of the refreshes and of the tokens. */
export const HEAD = 62;
export const STRIPS = { axis: 20, refresh: 24, token: 42, height: 14 } as const;

/** Where a time stands in the picture. */
export interface Scale {
  readonly span: Span;
  /** px from the left, where the bars begin: names stand before. */
  readonly left: number;
  readonly width: number;
  readonly height: number;
}

export function scaleOf(span: Span, width: number, height: number): Scale {
  return { span, left: Math.round(Math.min(220, Math.max(104, width * 0.26))), width, height };
}

export function x({ span, left, width }: Scale, at: number): number {
  return left + ((at - span.from) / (span.to - span.from)) * (width - left);
}

export function timeAt({ span, left, width }: Scale, px: number): number {
  return span.from + ((px - left) / (width - left)) * (span.to - span.from);
}

/** From and to in px, within the picture; `undefined`: it is not seen. */
export function clip(scale: Scale, from: number, to: number): [number, number] | undefined {
  const start = Math.max(scale.left, x(scale, from));
  const end = Math.min(scale.width, x(scale, to));
  return end >= start && start <= scale.width && end >= scale.left ? [start, end] : undefined;
}

/** Times at round numbers, far enough from each other. */
export function ticks({ span, left, width }: Scale, origin: number): number[] {
  const length = span.to - span.from;
  const least = (length / (width - left)) * 72;
  const magnitude = 10 ** Math.floor(Math.log10(least));
  const step = magnitude * ([1, 2, 5, 10].find((factor) => factor * magnitude >= least) ?? 10);
  const first = Math.ceil((span.from - origin) / step) * step;
  const count = Math.floor((span.to - origin - first) / step) + 1;
  return Array.from({ length: Math.max(0, count) }, (_, i) => origin + first + i * step);
}
