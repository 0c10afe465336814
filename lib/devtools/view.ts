import type { Recording } from './recording.js';

/** What of the time is seen, in ms since the epoch. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Where one looks. While live, the end of the picture is now. */
export interface View {
  /** Missing: as much as there is, within bounds. ms */
  length?: number | undefined;
  /** Set while paused. */
  still?: Still | undefined;
}

interface Still {
  from: number;
  /** Nothing later is there. */
  readonly end: number;
  readonly lanes: number;
}

const SHORTEST = 20; // ms, as near as one may zoom: the clock is no finer
const LEAST = 400; // ms seen, though less has happened
const MOST = 6_000; // ms seen at a time: of more, the bars would be too small
const LONGEST = 24 * 3_600_000; // ms, as far as one may zoom out
/** Of the picture, to the right of what is newest. */
const MARGIN = 0.06;

/** While nothing is under way, time stands still: the picture stays as it is. */
export function isMoving({ counts: { requests, done, failed }, refreshes }: Recording): boolean {
  const last = refreshes.at(-1);
  return requests > done + failed || (last !== undefined && last.endedAt === undefined);
}

export function spanOf({ length, still }: View, recording: Recording, now: number): Span {
  const end = still?.end ?? endOf(recording, now);
  const ms = length ?? Math.min(MOST, Math.max(LEAST, everything(recording, end)));
  const from = still?.from ?? end - ms * (1 - MARGIN);
  return { from, to: from + ms };
}

export function lanesSeen({ still }: View, { lanes }: Recording): number {
  return Math.min(still?.lanes ?? lanes.length, lanes.length);
}

function endOf(recording: Recording, now: number): number {
  return isMoving(recording) ? now : recording.changedAt;
}

function everything({ lanes, refreshes }: Recording, end: number): number {
  const first = Math.min(lanes[0]?.startedAt ?? end, refreshes[0]?.startedAt ?? end);
  return (end - first) / (1 - 2 * MARGIN);
}

export function pause(view: View, recording: Recording, now: number): void {
  const { from, to } = spanOf(view, recording, now);
  view.length = to - from;
  view.still = { from, end: endOf(recording, now), lanes: recording.lanes.length };
}

export function resume(view: View): void {
  view.still = undefined;
  view.length = undefined;
}

/** @param by over 1: more is seen @param at what stays where it is; default: the end while live, else the middle */
export function zoom(view: View, recording: Recording, by: number, at?: number): void {
  const { from, to } = spanOf(view, recording, Date.now());
  const length = Math.min(LONGEST, Math.max(SHORTEST, (to - from) * by));
  const middle = at ?? (from + to) / 2;
  if (view.still) view.still.from = middle - (middle - from) * (length / (to - from));
  view.length = length;
}

export function showAll(view: View, recording: Recording): void {
  const end = view.still?.end ?? endOf(recording, Date.now());
  const length = Math.max(LEAST, everything(recording, end));
  if (view.still) view.still.from = end - length * (1 - MARGIN);
  view.length = length;
}

/** Moves in time, by a part of what is seen. The picture is paused, or it would run away from the time looked at. */
export function pan(view: View, recording: Recording, part: number): void {
  if (!view.still) pause(view, recording, Date.now());
  const still = view.still as Still;
  const length = view.length as number;
  still.from = Math.min(still.end - length * MARGIN, still.from + part * length);
}
