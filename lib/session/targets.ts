// The least recently used go first.
const REMEMBERED = 100;
// Many requests may be of one target.
const REQUESTS = 256;

/** A target that has refused tokens. A target is a method at a path, such as `get https://api.example/videos/*`. */
interface Refusing {
  /** Tokens that it refused when they were new, as generations. */
  readonly refused: number[];
  /** It refuses good tokens: when that was found out, in ms. */
  readonly markedAt?: number;
}

/** A request, by what tells it from others. */
export interface RequestLine {
  baseURL?: string | undefined;
  method?: string | undefined;
  url?: string | undefined;
}

type TargetOf = (request: RequestLine) => string;

/** A refresh. `brought`: its token, once it has come. */
interface Making {
  readonly brought?: { readonly generation: number } | undefined;
}

/** Which targets refuse good tokens: a new one would be refused as well. Pure: `now` is passed in, by a monotonic clock. */
export class Targets {
  readonly #refusing = new Map<string, Refusing>();
  /** The latest requests that were accepted. Their targets are worked out only if one is asked for, which is rare. */
  readonly #accepted: RequestLine[] = [];
  #next = 0;
  #targetOf: TargetOf | undefined;
  /** The refresh that a target has last caused, or waited for, as it had refused a token. */
  readonly #made = new Map<string, { by: Making; at: number }>();
  /** When a target was let pass an open breaker, in ms. */
  readonly #passed = new Map<string, number>();

  constructor(readonly interval: number) {}

  /** A request was accepted. */
  accepted(request: RequestLine, targetOf: TargetOf): void {
    this.#targetOf = targetOf;
    this.#note(request);
    if (this.#refusing.size + this.#made.size === 0) return;
    const target = targetOf(request);
    this.#refusing.delete(target);
    this.#made.delete(target);
  }

  /** A token is made because it has refused one. */
  made(target: string, by: Making, now: number): void {
    limited(this.#made, target, { by, at: now });
  }

  /** Was this token made for this target, a short while ago, and not accepted there yet? */
  wasMadeFor(target: string, generation: number, now: number): boolean {
    const made = this.#made.get(target);
    return made?.by.brought?.generation === generation && now - made.at < this.interval;
  }

  /** It refused a token that was new. `elsewhere`: others accepted it. */
  refused(target: string, generation: number, elsewhere: boolean, now: number): void {
    const { refused, ...known } = this.#refusing.get(target) ?? { refused: [] };
    const all = refused.includes(generation) ? refused : [...refused, generation];
    const isMarked = elsewhere || all.length > 1;
    limited(this.#refusing, target, { ...known, refused: all.slice(-2), ...(isMarked && { markedAt: now }) });
  }

  isMarked(target: string, now: number): boolean {
    const known = this.#refusing.get(target);
    if (known?.markedAt === undefined) return false;
    const isMarked = now - known.markedAt < this.interval;
    if (isMarked) limited(this.#refusing, target, known);
    else this.#refusing.delete(target);
    return isMarked;
  }

  /** Lets it start a refresh though too many did not help: once per interval, if it has accepted a token before. */
  letPass(target: string, now: number): boolean {
    const passedAt = this.#passed.get(target);
    if (passedAt !== undefined && now - passedAt < this.interval) return false;
    if (!this.#hasAccepted(target)) return false;
    limited(this.#passed, target, now);
    return true;
  }

  /** Once the places are all made, none is made anew: this is done for each request. */
  #note({ baseURL, method, url }: RequestLine): void {
    const latest = this.#accepted[(this.#next || REQUESTS) - 1];
    if (latest?.url === url && latest?.method === method && latest?.baseURL === baseURL) return;
    const place = this.#accepted[this.#next];
    if (place) {
      place.baseURL = baseURL;
      place.method = method;
      place.url = url;
    } else {
      this.#accepted[this.#next] = { baseURL, method, url };
    }
    this.#next = (this.#next + 1) % REQUESTS;
  }

  #hasAccepted(target: string): boolean {
    return this.#accepted.some((request) => this.#targetOf?.(request) === target);
  }
}

/** Puts it in as the latest; of more than may be held, the oldest goes. */
function limited<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > REMEMBERED) map.delete(map.keys().next().value as string);
}
