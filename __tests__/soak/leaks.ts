type Kind = 'timers' | 'sessions' | 'instances' | 'subscribers' | 'configs';

/** ms. Fetch keeps an idle connection for some longer, with a timer to it. No timer of ours is as long here. */
const IDLE = 50_000;

/** Counts what is no longer needed and not collected yet. */
export class LeakCounter {
  readonly alive: Record<Kind, number> = { timers: 0, sessions: 0, instances: 0, subscribers: 0, configs: 0 };
  readonly #registry = new FinalizationRegistry<Kind>((kind) => {
    this.alive[kind] -= 1;
  });

  expectCollected(kind: Kind, thing: object | undefined): void {
    if (!thing) return;
    this.alive[kind] += 1;
    this.#registry.register(thing, kind);
  }

  /** Every timer that is set from now on, those included that keep no process alive. */
  watchTimers(): void {
    const { setTimeout: set, clearTimeout: clear } = globalThis;
    const live = new Set<unknown>();
    const over = (timer: unknown) => {
      live.delete(timer);
      this.alive.timers = live.size;
    };
    const watchedSet = (fire: (...given: unknown[]) => void, ...rest: [ms?: number, ...given: unknown[]]) => {
      const [ms, ...given] = rest;
      if (ms && ms >= IDLE) return set(fire, ...rest);
      const timer = set(() => {
        over(timer);
        fire(...given);
      }, ms);
      this.alive.timers = live.add(timer).size;
      return timer;
    };
    const watchedClear = (timer: NodeJS.Timeout | undefined) => {
      over(timer);
      clear(timer);
    };
    Object.assign(globalThis, { setTimeout: Object.assign(watchedSet, set), clearTimeout: watchedClear });
  }
}
