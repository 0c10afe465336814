import type { Effect } from '../../lib/session/effects.js';
import type { Outcome } from '../../lib/session/protocol.js';
import type { StoreEntry } from '../../lib/stores/store.js';
import type { Token } from '../../lib/token.js';
import type { Variant } from './variant.js';
import type { Facts, Family, Holder, Op, Place, World } from './world.js';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export type Ending = { outcome: Outcome | undefined } | { error: unknown };

/** What the session does beside the protocols. */
export interface Session {
  /** An operation has ended. */
  finish(draft: Draft, place: Place, ending: Ending): void;
  /** A sign-out that a transition asks for. */
  endAgain(draft: Draft, index: number, effect: Extract<Effect, { do: 'signOut' }>): void;
}

/** A copy of the world that one move may change. */
export class Draft {
  world: Writable<World>;
  /** A law that was broken. */
  broken: string | undefined;

  constructor(
    world: World,
    readonly variant: Variant,
    readonly session: Session,
  ) {
    this.world = { ...world, holders: [...world.holders] as [Holder, Holder] };
  }

  holder(index: number): Holder {
    return this.world.holders[index] as Holder;
  }

  setHolder(index: number, change: Partial<Holder>): void {
    const holders = this.world.holders as [Holder, Holder];
    holders[index] = { ...this.holder(index), ...change };
  }

  op({ holder, op }: Place): Op | undefined {
    return this.holder(holder).ops.find(({ number }) => number === op);
  }

  setOp(place: Place, change: Partial<Op>): void {
    const ops = this.holder(place.holder).ops.map((op) => (op.number === place.op ? { ...op, ...change } : op));
    this.setHolder(place.holder, { ops });
  }

  removeOp(place: Place): void {
    this.setHolder(place.holder, { ops: this.holder(place.holder).ops.filter(({ number }) => number !== place.op) });
  }

  setFamily(session: string, change: Partial<Family>): void {
    const before = this.world.families[session] ?? { newest: 0, excused: false, over: false };
    this.world.families = { ...this.world.families, [session]: { ...before, ...change } };
  }

  spend(what: string): void {
    this.world.left = { ...this.world.left, [what]: (this.world.left[what] ?? 0) - 1 };
  }

  know(change: Partial<Facts>): void {
    this.world.facts = { ...this.world.facts, ...change };
  }

  breaks(law: string): void {
    this.broken ??= law;
  }
}

/** In one order, each once: the order in which they came makes no difference. */
export function setOf(before: readonly string[], ...others: string[]): string[] {
  return [...new Set([...before, ...others])].sort();
}

export function same(a: Place | undefined, b: Place): boolean {
  return a?.holder === b.holder && a.op === b.op;
}

export function isEntry(answer: StoreEntry | Token | 'refused' | undefined): answer is StoreEntry {
  return typeof answer === 'object' && 'version' in answer;
}
