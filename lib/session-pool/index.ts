/**
 * Sessions of many identities on one axios instance, bounded and by key.
 *
 * @module axios-bearer/session-pool
 */
import { bearerError, configError } from '../errors.js';
import { monotonicNow, startTimer, type Timer } from '../platform/deadline.js';
import { isThenable } from '../platform/thenable.js';
import { requestsOf, type Session } from '../session/session.js';
import { isClosed, isInUse, isLoneHolder } from './in-use.js';
import { readPoolOptions, type SessionPool, type SessionPoolOptions } from './options.js';

export type { SessionPool, SessionPoolOptions } from './options.js';

/** A session, or what is to become one. */
interface Entry {
  readonly key: string;
  session?: Session;
  made?: Promise<Session>;
  /** ms by the monotonic clock. */
  askedFor: number;
}

// ms until those that were in use are looked at again.
const LATER = 1_000;

/**
 * Call it once, where an axios instance serves many identities: users of a backend, tenants, connected accounts.
 *
 * A session that is in use is not closed: while a request is on its way, a refresh is under way or a token is not stored
 * yet. All share one timer, which keeps no process alive.
 *
 * @throws ERR_BEARER_CONFIG, naming the option
 */
export function sessionPool(options: SessionPoolOptions): SessionPool {
  const { create, max, idleMs } = readPoolOptions(options);
  // In the order in which they were asked for: those at the front go first.
  const entries = new Map<string, Entry>();
  const closing = new Map<string, Promise<void>>();
  const known = new WeakSet<Session>();
  let isOver = false;
  let timer: Timer | undefined;
  let due = 0;
  let hasWarned = false;

  function get(key: string): Session | Promise<Session> {
    if (isOver) return Promise.reject(closedError());
    if (typeof key !== 'string' || key === '')
      return Promise.reject(configError('key', 'a text that is not empty', key));
    const entry = entries.get(key);
    if (!entry) return make(key);
    if (entry.session && isClosed(entry.session)) {
      void leave(entry);
      return make(key);
    }
    touch(entry);
    return entry.session ?? (entry.made as Promise<Session>);
  }

  function make(key: string): Session | Promise<Session> {
    const entry: Entry = { key, askedFor: monotonicNow() };
    try {
      const before = closing.get(key);
      const made = before ? before.then(() => later(entry)) : create(key);
      if (isThenable(made))
        entry.made = Promise.resolve(made).then((session) => arrived(entry, session), failed(entry));
      else entry.session = checked(made);
    } catch (error) {
      return Promise.reject(error);
    }
    entries.set(key, entry);
    wakeWithin(entries.size > max ? 0 : idleMs);
    return entry.session ?? (entry.made as Promise<Session>);
  }

  /** When the session before is closed. */
  function later(entry: Entry): Session | Promise<Session> {
    if (entries.get(entry.key) !== entry) throw closedError();
    return create(entry.key);
  }

  /** The key may have been deleted meanwhile, or the pool closed. */
  function arrived(entry: Entry, made: Session): Session {
    if (entries.get(entry.key) !== entry) {
      if (requestsOf(made)) void made.close();
      throw closedError();
    }
    try {
      entry.session = checked(made);
    } catch (error) {
      return failed(entry)(error);
    }
    delete entry.made;
    return entry.session;
  }

  function failed(entry: Entry): (error: unknown) => never {
    return (error) => {
      if (entries.get(entry.key) === entry) entries.delete(entry.key);
      throw error;
    };
  }

  /** @throws ERR_BEARER_CONFIG where two keys would share one session: one's token would go out in the other's name */
  function checked(made: Session): Session {
    if (!requestsOf(made)) throw configError('create', 'a function that returns a Session', made);
    if (known.has(made)) throw configError('create', 'a function that returns a new Session at each call', made);
    known.add(made);
    return made;
  }

  function touch(entry: Entry): void {
    entry.askedFor = monotonicNow();
    entries.delete(entry.key);
    entries.set(entry.key, entry);
  }

  function leave({ key, session }: Entry): Promise<void> {
    entries.delete(key);
    const before = closing.get(key);
    if (!session) return before ?? Promise.resolve();
    const closed = Promise.all([before, session.close()]).then(() => {
      if (closing.get(key) === closed) closing.delete(key);
    });
    closing.set(key, closed);
    return closed;
  }

  function wakeWithin(ms: number): void {
    const now = monotonicNow();
    // In workerd a timer never fires once the request is over that has set it.
    const isSet = timer && now < due + LATER;
    if ((isSet && due <= now + ms) || ms === Number.POSITIVE_INFINITY) return;
    timer?.stop();
    due = now + ms;
    timer = startTimer(ms, sweep);
  }

  /** Not called by `get()`: what that has just handed out would be closed before it is used. */
  function sweep(): void {
    timer = undefined;
    let left = entries.size;
    for (const entry of entries.values()) {
      const isIdle = monotonicNow() - entry.askedFor >= idleMs;
      if (left-- === 0 || (!isIdle && entries.size <= max)) break;
      if (entry.session && !isInUse(entry.session)) void leave(entry);
      else keep(entry);
    }
    const [first] = entries.values();
    if (entries.size > max) wakeWithin(LATER);
    else if (first) wakeWithin(Math.max(first.askedFor + idleMs - monotonicNow(), 1));
  }

  function keep(entry: Entry): void {
    touch(entry);
    if (hasWarned || !entry.session || !isLoneHolder(entry.session)) return;
    hasWarned = true;
    console.error(
      'axios-bearer: sessionPool() keeps sessions that are not used: without a store their refresh tokens would be lost. ' +
        'Let create() give each session a store that outlives it.',
    );
  }

  return {
    get size() {
      return entries.size;
    },
    get,
    async delete(key) {
      const entry = entries.get(key);
      await (entry ? leave(entry) : closing.get(key));
    },
    async close() {
      isOver = true;
      timer?.stop();
      for (const entry of [...entries.values()]) void leave(entry);
      await Promise.all(closing.values());
    },
  };
}

function closedError() {
  return bearerError('ERR_BEARER_SIGNED_OUT', 'The session pool was closed, or the session deleted from it');
}
