import { memoryStore } from 'axios-bearer';
import * as fc from 'fast-check';
import type { Call } from './call.js';
import { Holder } from './holder.js';
import { Judge } from './judge.js';
import { BOUND, HOLD, MAX_REPLAYS } from './options.js';
import { Server } from './server.js';
import { quiet, type Simulation } from './simulation.js';
import { type Database, remote } from './store.js';

// All that the options allow: before each send of a request a refresh is waited for, and one that was given up still goes on.
const LONGEST = (BOUND + HOLD) * (1 + MAX_REPLAYS);

export interface Setup {
  /** 2: they share the store. */
  holders: number;
  /** The store is somewhere else. */
  remote: boolean;
  /** The store tells of changes. */
  hints: boolean;
  /** The refresh is answered in the same tick. */
  instant: boolean;
  /** Refresh tokens rotate. */
  rotates: boolean;
  keepFresh: boolean;
}

export function setups(holders: number): fc.Arbitrary<Setup> {
  return fc.record({
    holders: fc.constant(holders),
    remote: holders > 1 ? fc.constant(true) : fc.boolean(),
    hints: fc.boolean(),
    instant: fc.boolean(),
    rotates: fc.constantFrom(true, true, true, false),
    keepFresh: fc.boolean(),
  });
}

/** A server, a store, the holders of a session, and the judge. */
export class World {
  readonly server: Server;
  readonly judge: Judge;
  readonly database: Database;
  readonly holders: Holder[] = [];

  constructor(
    readonly setup: Setup,
    readonly simulation: Simulation,
  ) {
    this.server = new Server(setup.rotates, simulation.elapsed);
    this.database = {
      inner: memoryStore(),
      hints: setup.hints,
      troubles: [],
      troubled: false,
      wrote: (entry) => this.judge.wrote(entry),
    };
    this.judge = new Judge(this.server, simulation, this.database);
  }

  get calls(): Call[] {
    return this.holders.flatMap(({ calls }) => calls);
  }

  holder(n: number): Holder {
    return this.holders[n % this.holders.length] as Holder;
  }

  /** The first is signed in, and the others find the session in the store. */
  async open(): Promise<void> {
    this.#join('A');
    this.signIn(this.holder(0), 'ana');
    await this.simulation.play();
    if (this.setup.holders > 1) this.#join('B');
  }

  #join(name: string): void {
    const { setup, server, simulation, judge, database } = this;
    const { instant, keepFresh } = setup;
    const kept = () => holder.lockKept();
    const store = setup.remote ? { store: remote(database, simulation, kept) } : {};
    const holder: Holder = new Holder(name, { instant, keepFresh, ...store }, server, simulation, judge);
    this.holders.push(holder);
    judge.holders.push(holder);
  }

  signIn(holder: Holder, user: string): void {
    const tokens = this.server.issue(user);
    const call = holder.call('signIn', ({ began }) => {
      holder.asks(user, began);
      return holder.session.signIn(tokens);
    });
    call.over?.then(() => holder.signedInAs(user, call));
  }

  signOut(holder: Holder): void {
    const call = holder.call('signOut', () => {
      holder.leaves();
      return holder.session.signOut();
    });
    const { closed } = holder;
    call.over?.then(() => {
      holder.gone ||= holder.out;
      // A session that was closed has nothing to do with the store any more.
      if (!call.end?.code && !closed) this.judge.signedOut(call);
    });
  }

  async jump(ms: number): Promise<void> {
    const { judge, simulation } = this;
    // When an answer was read is known then.
    await quiet();
    judge.jumped = true;
    judge.highest = Math.max(judge.highest, Date.now());
    simulation.jump(ms);
  }

  /** L24: whatever waits comes to an end. */
  async settle(): Promise<void> {
    const { simulation } = this;
    const until = simulation.elapsed() + LONGEST;
    await simulation.play();
    while (this.calls.some(({ end }) => !end) && simulation.timers > 0 && simulation.elapsed() < until) {
      simulation.next();
      await simulation.play();
    }
    const open = this.calls.filter(({ end }) => !end).map(({ url }) => url);
    this.judge.check(open.length === 0, `L24 never settled: ${open}`);
  }

  /** Time goes by, and nothing is slow. */
  async pass(ms: number): Promise<void> {
    await this.simulation.advance(ms, () => this.simulation.play());
  }
}
