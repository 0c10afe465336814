import type { Session } from '../session/session.js';
import { detailsOf, stateText } from './describe.js';
import { draw } from './draw.js';
import { type Palette, paletteOf } from './palette.js';
import type { Panel } from './panel.js';
import type { Counts, Lane, Recording } from './recording.js';
import { HEAD, ROW, type Scale, scaleOf } from './scale.js';
import { fillTable } from './table.js';
import { isMoving, lanesSeen, spanOf, type View } from './view.js';

// ms between two of the table's states: what is read should stand still for a while.
const TABLE_EVERY = 500;

/** All that is drawn. */
export interface Screen {
  readonly panel: Panel;
  readonly session: Session;
  readonly recording: Recording;
  readonly view: View;
  /** Said where there is no request. */
  readonly hint: string;
  chosen: Lane | undefined;
  hovered: Lane | undefined;
  palette: Palette;
  /** Of the latest frame. */
  scale: Scale;
  tabledAt: number;
}

export function newScreen(panel: Panel, session: Session, recording: Recording, hint: string): Screen {
  const scale = scaleOf({ from: 0, to: 1 }, 1, 1);
  const palette = paletteOf(panel.probes);
  const parts = { panel, session, recording, hint, view: {}, palette, scale };
  return { ...parts, chosen: undefined, hovered: undefined, tabledAt: 0 };
}

/** Draws all of it. @returns whether it will look otherwise in a moment */
export function show(screen: Screen): boolean {
  const { panel, recording, view } = screen;
  showCounts(panel, recording.counts);
  showState(screen);
  showDetails(screen);
  const isTableLate = showTable(screen);
  if (panel.table.hidden) showPicture(screen);
  return isTableLate || (isMoving(recording) && !view.still);
}

function showPicture(screen: Screen): void {
  const { panel, recording, view } = screen;
  const { clientWidth, clientHeight } = panel.scroll;
  const context = fitted(panel.canvas, clientWidth, clientHeight);
  if (!context) return;
  const lanes = lanesSeen(view, recording);
  const scrolled = grow(panel, lanes);
  const now = view.still?.end ?? Date.now();
  screen.scale = scaleOf(spanOf(view, recording, Date.now()), clientWidth, clientHeight);
  const brush = { context, palette: screen.palette, scale: screen.scale, now };
  draw(brush, { recording, lanes, scrolled, chosen: screen.hovered ?? screen.chosen });
}

/** Sized as its pixels are; `undefined`: it is not seen. */
function fitted(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D | undefined {
  if (width === 0 || height === 0) return undefined;
  const ratio = devicePixelRatio;
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide) canvas.width = wide;
  if (canvas.height !== high) canvas.height = high;
  canvas.style.width = `${width}px`;
  const context = canvas.getContext('2d') ?? undefined;
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

/** Makes room for the lanes. A picture that is scrolled to the newest lane stays there. @returns px scrolled */
function grow({ scroll, spacer }: Panel, lanes: number): number {
  const height = `${HEAD + lanes * ROW + 8}px`;
  const isAtEnd = scroll.scrollTop + scroll.clientHeight >= scroll.scrollHeight - ROW;
  if (spacer.style.height !== height) {
    spacer.style.height = height;
    if (isAtEnd) scroll.scrollTop = scroll.scrollHeight;
  }
  return scroll.scrollTop;
}

function showCounts({ counts: { values } }: Panel, counts: Counts): void {
  for (const name of Object.keys(values) as (keyof Counts)[]) setText(values[name], String(counts[name]));
}

function showState({ panel: { state }, session }: Screen): void {
  const now = session.getSnapshot();
  state.element.dataset.status = now.status;
  setText(state.status, now.status);
  setText(state.more, stateText(now));
}

function showDetails({ panel, recording, chosen, hovered, hint }: Screen): void {
  const lane = hovered ?? chosen;
  const idle = recording.lanes.length > 0 ? 'Point at a request, or choose one with the arrow keys.' : hint;
  setText(panel.details, lane ? detailsOf(lane) : idle);
}

/** @returns whether it is to be filled again, later */
function showTable(screen: Screen): boolean {
  const { panel, recording, view } = screen;
  if (panel.table.hidden || screen.tabledAt >= recording.changedAt) return false;
  if (Date.now() - screen.tabledAt < TABLE_EVERY) return true;
  screen.tabledAt = Date.now();
  fillTable(panel.table, recording.lanes, lanesSeen(view, recording));
  return false;
}

/** Nothing is laid out anew where nothing has changed. */
function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
