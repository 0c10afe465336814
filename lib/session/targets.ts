// The least recently used go first.
const REMEMBERED = 100;

/** What is known of a target: a method at a path, such as `get https://api.example/videos/*`. */
interface Target {
  /** Tokens that it refused when they were new, as generations. */
  refused: number[];
  /** It refuses good tokens: when that was found out, in ms. */
  markedAt?: number | undefined;
  /** It has accepted a token before. */
  accepted: boolean;
  /** When it was let pass an open breaker, in ms. */
  passedAt?: number | undefined;
}

/** A request, by what tells it from others. */
interface Request {
  baseURL?: string | undefined;
  method: string;
  url: string;
}

/** Which targets refuse good tokens: a new one would be refused as well. Pure: `now` is passed in, by a monotonic clock. */
export class Targets {
  readonly #targets = new Map<string, Target>();
  /** URLs of requests that were accepted, by `baseURL` and method: most requests tell nothing new. */
  readonly #known = new Map<string, Map<string, Set<string>>>();

  constructor(readonly interval: number) {}

  /** Is it known that such a request is accepted? */
  knows({ baseURL = '', method, url }: Request): boolean {
    return this.#known.get(baseURL)?.get(method)?.has(url) ?? false;
  }

  accepted({ baseURL = '', method, url }: Request, target: string): void {
    if (this.#known.size >= REMEMBERED) this.#known.clear();
    const known = this.#known.get(baseURL) ?? new Map<string, Set<string>>();
    const urls = known.get(method) ?? new Set();
    if (urls.size >= REMEMBERED) urls.clear();
    this.#known.set(baseURL, known.set(method, urls.add(url)));
    this.#use(target, { ...this.#targets.get(target), refused: [], markedAt: undefined, accepted: true });
  }

  /** It refused a token that was new. `elsewhere`: others accepted it. */
  refused(target: string, generation: number, elsewhere: boolean, now: number): void {
    const { refused, ...known } = this.#targets.get(target) ?? { refused: [], accepted: false };
    const all = refused.includes(generation) ? refused : [...refused, generation];
    const isMarked = elsewhere || all.length > 1;
    this.#known.clear();
    this.#use(target, { ...known, refused: all.slice(-2), ...(isMarked && { markedAt: now }) });
  }

  isMarked(target: string, now: number): boolean {
    const known = this.#targets.get(target);
    if (known?.markedAt === undefined) return false;
    const isMarked = now - known.markedAt < this.interval;
    this.#use(target, isMarked ? known : { ...known, refused: [], markedAt: undefined });
    return isMarked;
  }

  /** May it start a refresh though too many did not help? One that has accepted a token before may, once per interval. */
  mayPass(target: string, now: number): boolean {
    const known = this.#targets.get(target);
    if (!known?.accepted || (known.passedAt !== undefined && now - known.passedAt < this.interval)) return false;
    this.#use(target, { ...known, passedAt: now });
    return true;
  }

  #use(target: string, known: Target): void {
    this.#targets.delete(target);
    this.#targets.set(target, known);
    if (this.#targets.size > REMEMBERED) this.#targets.delete(this.#targets.keys().next().value as string);
  }
}
