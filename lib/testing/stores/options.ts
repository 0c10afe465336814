import type { TokenStore } from '../../stores/store.js';

/**
 * Called several times in each case, for holders that share one register: as other processes would open it, each with a
 * connection of its own. Holders of another name share nothing with them. Names are letters, digits and `-`, and new in
 * each case, so that nothing need be cleared.
 */
export type OpenStore = (name: string) => TokenStore | Promise<TokenStore>;

/** What your store can be put through, beside what every store can. */
export interface StoreCaseOptions {
  /** Is it for one holder at a time, so that it need not keep `sent`? Default `false`. */
  oneHolder?: boolean;
  /** Called to put a text where the entry rests, as a crash or another program would. Missing: those cases are left out. */
  corrupt?(name: string, text: string): unknown;
  /** Called while a task runs: takes the lock from its holder, as when a lease runs out. Missing: those cases are left out. */
  loseLock?(name: string): unknown;
  /** Called to have nobody listen for hints while `during` runs, and listen again after. Missing: that case is left out. */
  gap?(name: string, during: () => Promise<void>): Promise<unknown>;
  /** ms after which a call counts as one that hangs. Default 5000. */
  patience?: number;
}

/** One case of the suite. */
export interface StoreCase {
  /** A sentence: what a store does. */
  readonly name: string;
  /** Rejects if the store does not: the message names the method, what was expected of it, and what came. */
  run(): Promise<void>;
}

/** What a case is given. */
export interface Bench {
  readonly name: string;
  readonly options: StoreCaseOptions;
  /** ms after which a call counts as one that hangs. */
  readonly patience: number;
  /** A new holder of the register. */
  open(): Promise<TokenStore>;
  /** A new holder of another register. */
  elsewhere(): Promise<TokenStore>;
}

/** A case, before it has a store to judge. */
export interface Judgement {
  readonly name: string;
  /** The option without which it can't be judged. */
  readonly needs?: 'corrupt' | 'loseLock' | 'gap';
  judge(bench: Bench): Promise<void>;
}

/** A case for each of several. */
export function each<T>(several: readonly T[], make: (one: T) => Judgement): Judgement[] {
  return several.map(make);
}
