import type { ApiVideoOptions } from 'axios-bearer/testing';
import type { Scene } from './scene.js';

/** One thing that axios-bearer promises, and a way to see whether it is true. */
export interface Act {
  readonly letter: string;
  readonly headline: string;
  /** How many requests of a scene are drawn; the others are counted. Default 12. */
  readonly lanes?: number;
  /** How many of the first requests are drawn in any case. Default 0. */
  readonly lead?: number;
  play(show: Show): Promise<Outcome>;
}

/** What an act has at hand. What it opens is closed behind it. */
export interface Show {
  scene(options: ApiVideoOptions, title?: string): Promise<Scene>;
  /** The same, unseen: for what numbers alone can tell. */
  backstage(options: ApiVideoOptions): Promise<Scene>;
  /** A line under the picture. */
  say(line: string): void;
}

export interface Outcome {
  readonly claims: readonly Claim[];
  /** Measured besides, for `--json`. */
  readonly figures?: unknown;
}

/** An act that is over. */
export interface Played extends Outcome {
  readonly act: Act;
  /** Requests as the picture has them, on the client's side of the wire, and as the server's log has them. */
  readonly drawn: number;
  readonly logged: number;
  /** What was drawn. */
  readonly scenes: readonly Scene[];
}

export interface Claim {
  readonly what: string;
  readonly expected: string;
  readonly measured: string | number;
  readonly holds: boolean;
}

export function exactly(what: string, expected: string | number, measured: string | number): Claim {
  return { what, expected: String(expected), measured, holds: measured === expected };
}

export function atLeast(what: string, limit: number, measured: number): Claim {
  return { what, expected: `≥ ${limit}`, measured, holds: measured >= limit };
}

/** How many of the calls reached their caller as a success. */
export function succeeded(outcomes: readonly unknown[]): number {
  return outcomes.filter((error) => error === undefined).length;
}

/** 1, 2, … n */
export function upTo(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i + 1);
}
