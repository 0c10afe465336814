import type { Workshop } from './project.js';

/** A place where the package is to work. */
export interface Platform {
  /** As it is called on the command line. */
  readonly id: string;
  /** Can it be run with nothing but this Node? */
  readonly isPlain: boolean;
  /** Reports each thing that was tried. */
  run(workshop: Workshop, report: Report): Promise<void>;
}

/**
 * Tries one thing. What it throws is reported, and goes no further.
 *
 * @param name what with, its version included
 * @param proof what it shows, as a sentence without its subject
 */
export type Report = (name: string, proof: string, attempt: () => Promise<void>) => Promise<void>;

export const RECOVERS = 'recovers from a 401; every sub-path resolves';
