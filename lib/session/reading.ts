import { delayAfter } from '../backoff.js';
import { type BearerError, bearerError } from '../errors.js';
import { keepingAlive, monotonicNow, pause } from '../platform/deadline.js';
import { own } from '../platform/own.js';
import { isLive, type Token } from '../token.js';
import { plantSteps } from './attempt.js';
import type { Current } from './current.js';
import { errorOf, storeFailure } from './failure.js';
import { newId } from './ids.js';
import type { Life } from './life.js';
import type { Pending } from './pending.js';
import { readAgainSteps } from './register.js';
import { run } from './run.js';
import { failedPromise } from './shared-promise.js';
import { isObtainable, perform, underLock } from './steps.js';

// ms. A store that no other holder is using answers sooner.
const PLANTING = 50;
// ms between two reads that hints have caused, where more and more come.
const CALM = 250;

type Looking = Pick<Pending, 'shared'>;

/** When the store is read: at the start, at a hint, and, while nobody is signed in, as often as the backoff allows. */
export class Reading {
  /** The name of the session that the option `tokens` begins. */
  readonly session = newId();
  /** The option `tokens`, in use while the store can't be read or written. */
  seed: Current | undefined;
  readonly #life: Life;
  #planting: Promise<void> | undefined;
  #hinted = false;
  /** A hint has come that no read has followed yet. */
  #isStale = false;
  #isReadingAgain = false;
  /** Why the first read failed. */
  #failure: BearerError | undefined;
  #stop: Promise<(() => void) | undefined> | undefined;
  #looks = 0;
  #nextLook = 0;

  constructor(life: Life) {
    this.#life = life;
  }

  /** The identity of the requests that wait for the first read, as far as it is known. */
  get identity(): string | undefined {
    const token = this.#given;
    return token && this.#life.parts.identityOf({ session: this.session, token });
  }

  get provisional(): Current | undefined {
    if (this.#life.holding.state.is !== 'unread' || !this.seed) return undefined;
    return isLive(this.seed.token, Date.now()) ? this.seed : undefined;
  }

  /** The store is asked before anything else. `undefined`: it was, or requests need not wait for it. */
  first(): Looking | undefined {
    if (this.#life.holding.state.is !== 'unread') return undefined;
    const waits = !this.provisional;
    if (!waits && (this.#life.pending || monotonicNow() < this.#nextLook)) return undefined;
    const reading = this.#now();
    return waits ? reading : undefined;
  }

  /** Hears the hints of the store, and reads it. They are a help, no more: without them it is read all the same. */
  begin(): void {
    const { store } = this.#life.settings;
    this.#stop = this.#tried(async () => own(store).subscribe?.call(store, () => this.hint()));
    this.first();
  }

  stop(): void {
    void this.#tried(async () => (await this.#stop)?.());
  }

  /** What it rejects with is reported on the console. */
  #tried<T>(task: () => Promise<T>): Promise<T | undefined> {
    return task().catch((error) => {
      console.error(`axios-bearer: ${storeFailure(error, this.#life.store.known).error.message}`);
      return undefined;
    });
  }

  /** Resolves when the store was read, and has the option `tokens` if it had nothing. */
  async done(): Promise<void> {
    if (this.#life.holding.state.is !== 'unread') return;
    await this.#now(1).shared.join();
    await keepingAlive(this.#planting ?? Promise.resolve()).catch((failure) => {
      throw errorOf(failure);
    });
  }

  /** With nobody signed in, somebody may have signed in elsewhere. */
  again(): Pending | undefined {
    const life = this.#life;
    if (!this.isDue()) return undefined;
    const current = () => life.current;
    return life.pending ?? life.start('read', () => this.#look().then(current, current));
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
    if (is !== 'unread') return void this.#readAgain();
    this.#nextLook = 0;
    this.first();
  }

  /** One at a time: hints that come meanwhile have it read once more. */
  async #readAgain(): Promise<void> {
    this.#isStale = true;
    if (this.#isReadingAgain) return;
    this.#isReadingAgain = true;
    for (let reads = 0; this.#isStale && this.#life.holding.state.is !== 'closed'; reads++) {
      if (reads > 1) await pause(CALM);
      this.#isStale = false;
      // Its failure is ignored: the next refresh reads the store anyway.
      await run(readAgainSteps(), perform(this.#life)).catch(() => {});
    }
    this.#isReadingAgain = false;
  }

  /** Nothing is under way any more. */
  catchUp(): void {
    if (this.#hinted) this.hint();
  }

  /** @param borne so many failures in a row are tried again at once: a 401 has come, or the app itself asks */
  #now(borne = 0): Looking {
    const life = this.#life;
    if (life.pending) return life.pending;
    const retryAfter = this.#nextLook - monotonicNow();
    if (!this.#failure || this.#looks <= borne || retryAfter <= 0) return life.start('read', () => this.#first());
    const { code, message, cause } = this.#failure;
    return { shared: failedPromise(bearerError(code, message, { cause, retryAfter })) };
  }

  /** The option `tokens`; a session in cookies has one from when it is installed. */
  get #given(): Token | undefined {
    const { state } = this.#life.holding;
    return state.is === 'unread' ? state.seed : undefined;
  }

  async #first(): Promise<Current | undefined> {
    const life = this.#life;
    const seed = this.#given;
    try {
      await this.#look();
      if (this.#given) await this.#plant(this.#given);
    } catch (error) {
      if (this.#given) this.seed = life.currentOf(this.session, this.#given);
      this.#failure = errorOf(error) as BearerError;
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
    const planting = underLock(life, plantSteps(this.session, seed), { waitMs: life.bound });
    planting.catch(() => {});
    this.#planting = planting;
    // If the token's end is not known, another holder may have had a newer one for long.
    if (seed.expiresAt === undefined || !isLive(seed, Date.now())) return planting;
    this.seed = life.currentOf(this.session, seed);
    await Promise.race([planting, pause(PLANTING)]);
  }

  async #look(): Promise<void> {
    this.#looks++;
    await run(readAgainSteps(), perform(this.#life)).finally(() => {
      if (this.#looks) this.#nextLook = monotonicNow() + delayAfter(this.#looks, this.#life.settings.backoff);
    });
  }
}
