import { delayAfter } from '../backoff.js';
import { monotonicNow, pause } from '../deadline.js';
import { isLive, type Token } from '../token.js';
import { plant } from './attempt.js';
import type { Current } from './current.js';
import { errorOf } from './failure.js';
import { newId } from './ids.js';
import type { Life } from './life.js';
import type { Pending } from './pending.js';
import { readAgain } from './register.js';
import { run } from './run.js';
import { isObtainable, perform, underLock } from './steps.js';

// ms. Longer than a store takes that no other holder is at.
const PLANTING = 50;

/** When the store is read: at the start, at a hint, and, while nobody is signed in, as often as the backoff allows. */
export class Reading {
  /** The name of the session that the option `tokens` begins. */
  readonly session = newId();
  /** The option `tokens`, in use while the store can't be read or written. */
  seed: Current | undefined;
  readonly #life: Life;
  #planting: Promise<void> | undefined;
  #hinted = false;
  #looks = 0;
  #nextLook = 0;

  constructor(life: Life) {
    this.#life = life;
  }

  /** Of the user that requests which wait for the first read are made for, as far as that is known. */
  get identity(): string | undefined {
    const { holding, parts } = this.#life;
    const seed = holding.state.is === 'unread' ? holding.state.seed : undefined;
    return seed && parts.identityOf({ session: this.session, token: seed });
  }

  get provisional(): Current | undefined {
    if (this.#life.holding.state.is !== 'unread' || !this.seed) return undefined;
    return isLive(this.seed.token, Date.now()) ? this.seed : undefined;
  }

  /** The store is asked before anything else. `undefined`: it was, or requests need not wait for it. */
  first(): Pending | undefined {
    if (this.#life.holding.state.is !== 'unread') return undefined;
    const waits = !this.provisional;
    if (!waits && (this.#life.pending || monotonicNow() < this.#nextLook)) return undefined;
    const reading = this.#now();
    return waits ? reading : undefined;
  }

  /** Resolves when the store was read, and has the option `tokens` if it had nothing. */
  async done(): Promise<void> {
    if (this.#life.holding.state.is !== 'unread') return;
    await this.#now().shared.join();
    try {
      await this.#planting;
    } catch (failure) {
      throw errorOf(failure);
    }
  }

  /** With nobody signed in, somebody may have signed in elsewhere. */
  again(): Pending | undefined {
    const life = this.#life;
    if (!this.isDue()) return undefined;
    const look = async () => {
      await this.#look().catch(() => {});
      return life.current;
    };
    return life.pending ?? life.start('read', look);
  }

  isDue(): boolean {
    const { holding, settings, pending } = this.#life;
    const isOut = holding.state.is === 'ended' || (holding.state.is === 'empty' && !isObtainable(this.#life));
    if (!settings.store || !isOut) return false;
    return pending ? pending.kind === 'read' : monotonicNow() >= this.#nextLook;
  }

  /** A token has come into use. */
  reset(): void {
    this.seed = undefined;
    this.#looks = 0;
    this.#nextLook = 0;
  }

  /** The store has given a hint. While something is under way, it is read again afterwards, or at once between two attempts. */
  hint(): void {
    const life = this.#life;
    life.onHint?.();
    this.#hinted = life.pending !== undefined;
    const { is } = life.holding.state;
    if (is === 'closed' || (this.#hinted && life.parts.outage.remaining === 0)) return;
    if (is === 'unread') this.first();
    // Its failure is ignored: the next refresh reads the store anyway.
    else run(readAgain(), perform(life)).catch(() => {});
  }

  /** Nothing is under way any more. */
  catchUp(): void {
    if (this.#hinted) this.hint();
  }

  #now(): Pending {
    const life = this.#life;
    const { state } = life.holding;
    const seed = state.is === 'unread' ? state.seed : undefined;
    return life.pending ?? life.start('read', () => this.#first(seed));
  }

  async #first(seed: Token | undefined): Promise<Current | undefined> {
    const life = this.#life;
    try {
      await this.#look();
      if (seed && life.holding.state.is === 'unread') await this.#plant(seed);
    } catch (error) {
      if (seed) this.seed = life.currentOf(this.session, seed);
      throw error;
    }
    const isUsed = life.serving?.token.accessToken === seed?.accessToken;
    const reason = life.current ? 'stored' : 'signedOut';
    if (seed && !isUsed && life.holding.state.is !== 'closed') life.events.emit('tokensIgnored', () => ({ reason }));
    return life.current;
  }

  /** A token that is still good serves while the lock is waited for. */
  async #plant(seed: Token): Promise<void> {
    const life = this.#life;
    const planting = underLock(life, plant(this.session, seed), { waitMs: life.bound });
    planting.catch(() => {});
    this.#planting = planting;
    // If the token's end is not known, another holder may have had a newer one for long.
    if (seed.expiresAt === undefined || !isLive(seed, Date.now())) return planting;
    this.seed = life.currentOf(this.session, seed);
    await Promise.race([planting, pause(PLANTING)]);
  }

  async #look(): Promise<void> {
    this.#looks++;
    this.#nextLook = monotonicNow() + delayAfter(this.#looks, this.#life.settings.backoff);
    await run(readAgain(), perform(this.#life));
  }
}
