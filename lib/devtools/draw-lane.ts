import { duration, nameOf } from './describe.js';
import type { Palette } from './palette.js';
import { type Lane, type Phase, phasesOf } from './recording.js';
import { clip, ROW, type Scale, x } from './scale.js';

const BAR = 10;

/** What is drawn on. */
export interface Brush {
  readonly context: CanvasRenderingContext2D;
  readonly palette: Palette;
  readonly scale: Scale;
  readonly now: number;
}

/** A request, with its name on the left. @param y of the middle of its row */
export function drawLane(brush: Brush, lane: Lane, y: number): void {
  drawName(brush, lane, y);
  const phases = phasesOf(lane);
  for (const phase of phases) drawPhase(brush, phase, y);
  for (const { status, to } of phases) if (status === 401 && to !== undefined) drawRefused(brush, to, y);
  drawEnd(brush, lane, y);
}

function drawName({ context, palette, scale }: Brush, lane: Lane, y: number): void {
  context.save();
  context.beginPath();
  context.rect(0, y - ROW / 2, scale.left - 8, ROW);
  context.clip();
  context.fillStyle = lane.outcome === 'failed' ? palette.failed : palette.fg;
  context.fillText(nameOf(lane), 12, y);
  context.restore();
}

function drawPhase(brush: Brush, { is, from, to = brush.now }: Phase, y: number): void {
  const { context, palette, scale } = brush;
  const seen = clip(scale, from, to);
  if (!seen) return;
  const [start, end] = seen;
  context.fillStyle = context.strokeStyle = palette[is];
  if (is === 'waiting') drawWaiting(context, start, end, y);
  else drawBar(brush, is, start, Math.max(2, end - start), y);
}

function drawBar({ context, palette }: Brush, is: Phase['is'], start: number, length: number, y: number): void {
  context.beginPath();
  context.roundRect(start, y - BAR / 2, length, BAR, Math.min(3, length / 2));
  context.fill();
  if (is !== 'replay' || length < 16) return;
  context.fillStyle = palette.bg;
  context.textAlign = 'center';
  context.fillText('↻', start + length / 2, y);
  context.textAlign = 'left';
}

function drawWaiting(context: CanvasRenderingContext2D, start: number, end: number, y: number): void {
  if (end - start < 1) return;
  context.lineWidth = 2;
  context.setLineDash([4, 3]);
  context.beginPath();
  context.moveTo(start, y);
  context.lineTo(end, y);
  context.stroke();
  context.setLineDash([]);
}

/** A diamond: an answer that a new token may mend. */
function drawRefused({ context, palette, scale }: Brush, at: number, y: number): void {
  const middle = x(scale, at);
  if (middle < scale.left || middle > scale.width) return;
  context.beginPath();
  context.moveTo(middle, y - 5.5);
  context.lineTo(middle + 5.5, y);
  context.lineTo(middle, y + 5.5);
  context.lineTo(middle - 5.5, y);
  context.closePath();
  context.fillStyle = palette.refused;
  context.fill();
  context.lineWidth = 1.5;
  context.strokeStyle = palette.bg;
  context.stroke();
}

function drawEnd(brush: Brush, lane: Lane, y: number): void {
  const { context, palette, scale } = brush;
  if (lane.endedAt === undefined) return;
  const at = x(scale, lane.endedAt);
  if (at < scale.left || at > scale.width) return;
  // Beside its bar, which may be short.
  if (lane.outcome === 'done') drawDot(brush, at + 5, y);
  else drawCross(brush, at + 7, y);
  context.fillStyle = lane.outcome === 'failed' ? palette.failed : palette.muted;
  const text = lane.outcome === 'failed' ? failure(lane) : duration(lane.endedAt - lane.startedAt);
  if (at + 16 + context.measureText(text).width < scale.width) context.fillText(text, at + 16, y);
}

function failure({ sends, code = 'failed' }: Lane): string {
  return `${sends.at(-1)?.status ?? code}`;
}

function drawDot({ context, palette }: Brush, at: number, y: number): void {
  context.beginPath();
  context.arc(at, y, 4.5, 0, 2 * Math.PI);
  context.fillStyle = palette.done;
  context.fill();
  context.lineWidth = 1.5;
  context.strokeStyle = palette.bg;
  context.stroke();
}

function drawCross({ context, palette }: Brush, at: number, y: number): void {
  context.beginPath();
  context.moveTo(at - 4, y - 4);
  context.lineTo(at + 4, y + 4);
  context.moveTo(at + 4, y - 4);
  context.lineTo(at - 4, y + 4);
  context.lineCap = 'round';
  for (const [width, colour] of [
    [5, palette.bg],
    [2.5, palette.failed],
  ] as const) {
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.stroke();
  }
  context.lineCap = 'butt';
}
