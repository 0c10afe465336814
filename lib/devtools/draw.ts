import { duration, moment } from './describe.js';
import { type Brush, drawLane } from './draw-lane.js';
import type { Lane, Recording, Refresh, TokenLife } from './recording.js';
import { clip, HEAD, ROW, STRIPS, ticks, x } from './scale.js';

/** What is to be seen. */
export interface Scene {
  readonly recording: Recording;
  /** Of the lanes: so many are there. */
  readonly lanes: number;
  /** px from the first lane to the upper edge. */
  readonly scrolled: number;
  /** Stands out. */
  readonly chosen: Lane | undefined;
}

/** The whole picture. Of the lanes only those are drawn that are seen. */
export function draw(brush: Brush, { recording, lanes, scrolled, chosen }: Scene): void {
  const { context, scale } = brush;
  context.clearRect(0, 0, scale.width, scale.height);
  context.font = '11px ui-sans-serif, system-ui, sans-serif';
  context.textBaseline = 'middle';
  context.textAlign = 'left';
  const origin = recording.lanes[0]?.startedAt ?? recording.refreshes[0]?.startedAt ?? scale.span.from;
  const marks = ticks(scale, origin);
  drawGrid(brush, marks);
  for (const refresh of recording.refreshes) drawRefreshBehind(brush, refresh);
  const first = Math.floor(scrolled / ROW);
  const last = Math.min(lanes, Math.ceil((scrolled + scale.height - HEAD) / ROW));
  for (let i = first; i < last; i++) {
    const lane = recording.lanes[i] as Lane;
    const y = HEAD + i * ROW - scrolled;
    if (lane === chosen) highlight(brush, y);
    drawLane(brush, lane, y + ROW / 2);
  }
  drawHead(brush, recording, marks, origin);
}

function drawGrid({ context, palette, scale }: Brush, marks: number[]): void {
  context.fillStyle = palette.line;
  for (const at of marks) context.fillRect(Math.round(x(scale, at)), 0, 1, scale.height);
}

function highlight({ context, palette, scale }: Brush, y: number): void {
  context.globalAlpha = 0.14;
  context.fillStyle = palette.wire;
  context.fillRect(0, y, scale.width, ROW);
  context.globalAlpha = 1;
}

/** It goes across all lanes: what waits for it is seen to. */
function drawRefreshBehind({ context, palette, scale, now }: Brush, { startedAt, endedAt = now }: Refresh): void {
  const seen = clip(scale, startedAt, endedAt);
  if (!seen) return;
  context.globalAlpha = 0.13;
  context.fillStyle = palette.refresh;
  context.fillRect(seen[0], HEAD, Math.max(1, seen[1] - seen[0]), scale.height - HEAD);
  context.globalAlpha = 1;
}

/** Above the lanes, which are scrolled below it. */
function drawHead(brush: Brush, recording: Recording, marks: number[], origin: number): void {
  const { context, palette, scale } = brush;
  context.fillStyle = palette.bg;
  context.fillRect(0, 0, scale.width, HEAD - 2);
  context.fillStyle = palette.line;
  context.fillRect(0, HEAD - 3, scale.width, 1);
  context.fillStyle = palette.muted;
  for (const at of marks) {
    const left = x(scale, at) + 4;
    const text = moment(at - origin);
    if (left >= scale.left && left + context.measureText(text).width < scale.width)
      context.fillText(text, left, STRIPS.axis / 2);
  }
  context.fillText('refresh', 12, STRIPS.refresh + STRIPS.height / 2);
  context.fillText('token', 12, STRIPS.token + STRIPS.height / 2);
  for (const refresh of recording.refreshes) drawRefresh(brush, refresh);
  for (const token of recording.tokens) drawToken(brush, token);
}

function drawRefresh({ context, palette, scale, now }: Brush, refresh: Refresh): void {
  const { startedAt, endedAt = now, outcome, failures } = refresh;
  const seen = clip(scale, startedAt, endedAt);
  if (!seen) return;
  const [start, end] = [seen[0], Math.max(seen[0] + 3, seen[1])];
  context.fillStyle = outcome === 'failed' ? palette.failed : palette.refresh;
  context.beginPath();
  context.roundRect(start, STRIPS.refresh, end - start, STRIPS.height, 3);
  context.fill();
  context.fillStyle = palette.failed;
  for (const at of failures) context.fillRect(x(scale, at) - 1, STRIPS.refresh - 2, 3, STRIPS.height + 4);
  const text = duration(endedAt - startedAt);
  if (end - start < context.measureText(text).width + 10) return;
  context.fillStyle = palette.bg;
  context.fillText(text, start + 5, STRIPS.refresh + STRIPS.height / 2);
}

/** A band from its first moment to its end. The leeway before the end is hatched; what comes after the end is empty. */
function drawToken({ context, palette, scale }: Brush, token: TokenLife): void {
  const { generation, from, until, dueAt, expiresAt } = token;
  const end = Math.min(until ?? Number.POSITIVE_INFINITY, expiresAt ?? Number.POSITIVE_INFINITY, scale.span.to);
  const seen = clip(scale, from, end);
  if (!seen) return;
  const [start, stop] = seen;
  context.fillStyle = palette.token;
  context.globalAlpha = 0.22;
  context.fillRect(start, STRIPS.token, stop - start, STRIPS.height);
  context.globalAlpha = 1;
  if (x(scale, from) >= start) context.fillRect(start, STRIPS.token, 2, STRIPS.height);
  const leeway = dueAt < end ? clip(scale, Math.max(from, dueAt), end) : undefined;
  if (leeway && expiresAt !== undefined) hatch(context, ...leeway);
  if (expiresAt === end) context.fillRect(stop - 2, STRIPS.token - 3, 2, STRIPS.height + 6);
  const text = `token ${generation}`;
  if (stop - start < context.measureText(text).width + 12) return;
  context.fillStyle = palette.fg;
  context.fillText(text, start + 7, STRIPS.token + STRIPS.height / 2);
}

function hatch(context: CanvasRenderingContext2D, start: number, end: number): void {
  context.save();
  context.beginPath();
  context.rect(start, STRIPS.token, end - start, STRIPS.height);
  context.clip();
  context.strokeStyle = context.fillStyle;
  context.globalAlpha = 0.7;
  context.lineWidth = 1.5;
  context.beginPath();
  for (let at = start - STRIPS.height; at < end; at += 6) {
    context.moveTo(at, STRIPS.token + STRIPS.height);
    context.lineTo(at + STRIPS.height, STRIPS.token);
  }
  context.stroke();
  context.restore();
}
