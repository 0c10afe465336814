import { pause } from '../../platform/deadline.js';
import { tellAll } from '../hint.js';
import type { LeaseEngine } from './engine.js';

/** The engine's hints, for the sessions that listen and the tasks that wait for the lease. */
export class Hints {
  readonly #engine: LeaseEngine;
  readonly #listeners = new Set<() => void>();
  readonly #waiting = new Set<() => void>();
  #stop: (() => void) | undefined;

  constructor(engine: LeaseEngine) {
    this.#engine = engine;
  }

  /** @returns the way to stop */
  listen(changed: () => void): () => void {
    // A function of its own: one that listens twice is told twice.
    const listener = () => changed();
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#begin(listener);
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#stop?.();
    };
  }

  /** Resolves at the next hint, if sessions listen; after `ms`, or when the signal is aborted, in any case. */
  async next(ms: number, signal: AbortSignal): Promise<void> {
    let wake!: () => void;
    const woken = pause(ms, (end) => {
      wake = end;
    });
    this.#waiting.add(wake);
    signal.addEventListener('abort', wake);
    await woken;
    this.#waiting.delete(wake);
    signal.removeEventListener('abort', wake);
  }

  #begin(listener: () => void): void {
    try {
      this.#stop = this.#engine.subscribe?.(() => this.#tell());
    } catch (error) {
      this.#listeners.delete(listener);
      throw error;
    }
  }

  #tell(): void {
    for (const wake of [...this.#waiting]) wake();
    tellAll(this.#listeners);
  }
}
