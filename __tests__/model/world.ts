import { memoryStore } from 'axios-bearer';
import * as fc from 'fast-check';
import type { Call } from './call.js';
import { Holder } from './holder.js';
import { Judge } from './judge.js';
import { OPTIONS } from './options.js';
import { Server } from './server.js';
import { quiet, type Stage } from './stage.js';
import { type Database, remote } from './store.js';

// All that the options allow: each attempt waits for the lock, for the source, and for the backoff after it.
const ATTEMPT = OPTIONS.refreshTimeout * 5 + 100 + OPTIONS.backoff.cap;
const BOUND = ATTEMPT * (OPTIONS.refreshRetries + 1) * 3;

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

/** A server, a store, those who hold a session, and whoever watches them. */
export class World {
  readonly server: Server;
  readonly judge: Judge;
  readonly database: Database;
  readonly holders: Holder[] = [];

  constructor(
    readonly setup: Setup,
    readonly stage: Stage,
  ) {
    this.server = new Server(setup.rotates, stage.elapsed);
    this.database = {
      inner: memoryStore(),
      hints: setup.hints,
      troubles: [],
      troubled: false,
      wrote: (next, how) => this.judge.wrote(next, how),
      lost: () => {
        if (setup.holders > 1) this.server.doomAll();
      },
    };
    this.judge = new Judge(this.server, stage, this.database);
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
    await this.stage.play();
    if (this.setup.holders > 1) this.#join('B');
  }

  #join(name: string): void {
    const { setup, server, stage, judge, database } = this;
    const { instant, keepFresh } = setup;
    const store = setup.remote ? { store: remote(database, stage) } : {};
    const holder = new Holder(name, { instant, keepFresh, ...store }, server, stage, judge);
    this.holders.push(holder);
    judge.holders.push(holder);
  }

  signIn(holder: Holder, user: string): void {
    // The others may still find there what it is about to replace.
    if (this.setup.holders > 1) this.server.doomAll();
    const tokens = this.server.issue(user);
    const call = holder.call('signIn', ({ began }) => {
      holder.asks(user, began);
      return holder.session.signIn(tokens);
    });
    call.over?.then(() => {
      holder.signedInAs(user, call);
      // What it overwrote is put back as this holder knew it; the others may have known better.
      if (this.setup.holders > 1 && call.end?.code === 'ERR_BEARER_STORE') this.server.doomAll();
    });
  }

  signOut(holder: Holder): void {
    // The others may still find there what is being revoked.
    if (this.setup.holders > 1) this.server.doomAll();
    const call = holder.call('signOut', () => {
      holder.leaves();
      return holder.session.signOut();
    });
    call.over?.then(() => {
      if (call.end?.code) this.server.doomAll();
      else this.judge.signedOut(call);
    });
  }

  async jump(ms: number): Promise<void> {
    const { judge, stage } = this;
    // When an answer was read is known then.
    await quiet();
    judge.jumped = true;
    judge.highest = Math.max(judge.highest, Date.now());
    stage.jump(ms);
  }

  /** L24: whatever waits comes to an end. */
  async settle(): Promise<void> {
    const { stage } = this;
    const until = stage.elapsed() + BOUND;
    await stage.play();
    while (this.calls.some(({ end }) => !end) && stage.timers > 0 && stage.elapsed() < until) {
      stage.next();
      await stage.play();
    }
    const open = this.calls.filter(({ end }) => !end).map(({ url }) => url);
    this.judge.check(open.length === 0, `L24 never settled: ${open}`);
  }

  /** Time goes by, and nothing is slow. */
  async pass(ms: number): Promise<void> {
    await this.stage.advance(ms, () => this.stage.play());
  }
}
