import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One bar of a chart: how many times the base. */
export interface Bar {
  readonly name: string;
  readonly value: number;
  readonly isOurs: boolean;
  /** Where 95 of 100 such measurements would put it. None where it repeats. */
  readonly low?: number;
  readonly high?: number;
  /** What it is a ratio of, where that is the same on every machine. */
  readonly note?: string;
}

/** What a measure has found, and how. */
export interface Result {
  readonly command: string;
  /** Versions of what it was measured on. */
  readonly on: string;
  readonly bars: readonly Bar[];
}

export type Results = Partial<Record<MeasureName, Result>>;

/** What is measured, in the order of the page. */
export const MEASURES = {
  hot: {
    title: 'A request with a fresh token',
    base: 'bare axios with the token in a default header',
    of: 'CPU',
    text: 'What nearly every request meets: the token is there, nothing is to be mended.',
  },
  storm: {
    title: '10,000 requests at once, all refused with a 401',
    base: 'bare axios that sends each request twice',
    of: 'CPU',
    text: 'One refresh, and each request is sent again. axios-auth-refresh is not there: it lets most of them fail.',
  },
  expired: {
    title: 'Requests at once, the token has ended by the clock',
    base: 'bare axios that sends each request once, with a good token',
    of: 'CPU',
    text: 'All wait for one refresh before they are sent.',
  },
  memory: {
    title: 'Memory',
    base: 'the same of bare axios, as the table says',
    of: 'bytes of heap',
    text: 'What a request allocates, what one holds that waits, and what a session holds that has nothing to do.',
  },
  weight: {
    title: 'Weight in a page',
    base: 'axios itself',
    of: 'bytes, minified and gzipped',
    text: 'Bundled by esbuild for browsers (ES2022), axios left out, with what it depends on. ky and ofetch come in place of axios; better-auth and those below it sign in as well.',
  },
} as const;

export type MeasureName = keyof typeof MEASURES;

export function readResults(folder: string): Results {
  const file = join(folder, 'results.json');
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
}

export function times(ratio: number): string {
  return `× ${ratio.toFixed(2)}`;
}
