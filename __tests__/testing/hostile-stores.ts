import type { StoreEntry, TokenStore } from 'axios-bearer';
import type { OpenStore, StoreCaseOptions } from 'axios-bearer/testing';
import { databaseStore, newRows, type Rows } from '../support/stores.js';

type Write = TokenStore['write'];
type WithLock = TokenStore['withLock'];
type Task = Parameters<WithLock>[0];

/** What the holders of one register share. */
interface World extends Rows {
  readonly listeners: Set<() => void>;
  /** Of one's own, for what a store does wrong. */
  old?: StoreEntry;
  /** How often the lock was taken from its holder. */
  losses: number;
}

/** A store that keeps the contract, hints and all, and what it can be put through. */
export function soundStore(patience = 60_000): {
  open: OpenStore;
  options: StoreCaseOptions;
  worldOf(name: string): World;
} {
  const worlds = new Map<string, World>();
  const worldOf = (name: string) => {
    const world = worlds.get(name) ?? { ...newRows(), listeners: new Set(), losses: 0 };
    worlds.set(name, world);
    return world;
  };
  const open = (name: string): TokenStore => {
    const world = worldOf(name);
    const { read, write, withLock } = databaseStore(world);
    return {
      read,
      async write(next) {
        const entry = await write(next);
        if (entry.id === next.id) for (const changed of [...world.listeners]) tell(changed);
        return entry;
      },
      withLock: (task, options) =>
        withLock((lock) => {
          const { losses } = world;
          return task({ ...lock, isHeld: () => world.losses === losses });
        }, options),
      subscribe(changed) {
        // The same function may be given twice.
        const listener = () => changed();
        world.listeners.add(listener);
        return () => void world.listeners.delete(listener);
      },
    };
  };
  const options: StoreCaseOptions = {
    patience,
    corrupt: (name, text) => Object.assign(worldOf(name), { value: text }),
    loseLock: (name) => Object.assign(worldOf(name), { losses: worldOf(name).losses + 1, queue: Promise.resolve() }),
    async gap(name, during) {
      const { listeners } = worldOf(name);
      const gone = [...listeners];
      listeners.clear();
      await during();
      for (const listener of gone) listeners.add(listener);
      for (const listener of gone) tell(listener);
    },
  };
  return { open, options, worldOf };
}

function tell(changed: () => void): void {
  try {
    changed();
  } catch {}
}

const pause = (ms = 0) => new Promise((resolve) => setTimeout(resolve, ms));
const never = new Promise<never>(() => {});

/** What it does wrong, the case that finds it, and what is said of it. */
interface Hostile {
  readonly fault: string;
  readonly found: string;
  readonly says: RegExp;
  /** What it does in the place of a sound store. */
  readonly methods?: (sound: TokenStore, world: World) => Partial<TokenStore>;
  readonly options?: (sound: StoreCaseOptions) => StoreCaseOptions;
}

const put = (world: World, next: StoreEntry) => {
  world.value = JSON.stringify(next);
  return JSON.parse(world.value) as StoreEntry;
};
const write = (make: (write: Write, world: World) => Write) => (sound: TokenStore, world: World) => ({
  write: make(sound.write, world),
});
const withLock = (make: (withLock: WithLock, world: World) => WithLock) => (sound: TokenStore, world: World) => ({
  withLock: make(sound.withLock, world),
});
const down = () => Promise.reject(new Error('ECONNREFUSED 10.0.0.7:6379'));

const registers: Hostile[] = [
  {
    fault: 'is down',
    found: 'write() takes the first entry',
    says: /^write\(\): expected no error, got the error "ECONNREFUSED/,
    methods: () => ({ read: down, write: down, withLock: down }),
  },
  {
    fault: 'throws at once',
    found: 'read() resolves with undefined when nothing was written',
    says: /^read\(\): expected no error, got the error "not connected"$/,
    methods: () => ({
      read: () => {
        throw new Error('not connected');
      },
    }),
  },
  {
    fault: 'hangs',
    found: 'write() takes the first entry',
    says: /^write\(\): expected an outcome within 2000 ms, got none$/,
    methods: () => ({ write: () => never }),
  },
  {
    fault: 'answers null for nothing',
    found: 'read() resolves with undefined when nothing was written',
    says: /^read\(\): expected undefined, got null$/,
    methods: ({ read }) => ({ read: async () => (await read()) ?? (null as never) }),
  },
  {
    fault: 'gives back an older entry, as from a backup',
    found: 'write() takes an entry with a higher version: a refresh',
    says: /^read\(\): expected \{"version":2.*, got \{"version":1/,
    methods: (sound, world) => ({
      read: async () => world.old ?? sound.read(),
      write: async (next) => {
        world.old ??= next;
        return sound.write(next);
      },
    }),
  },
  {
    fault: 'takes no refresh, and answers with what is there',
    found: 'write() takes an entry with a higher version: a refresh',
    says: /^write\(\) of a higher version: expected \{"version":2.*, got \{"version":1/,
    methods: (sound) => ({ write: async (next) => (await sound.read()) ?? sound.write(next) }),
  },
  {
    fault: 'lets the last writer win, whatever its version',
    found: 'when given a lower version',
    says: /^write\(\) of a lower version: expected \{"version":3.*, got \{"version":2/,
    methods: write((_, world) => async (next) => put(world, next)),
  },
  {
    fault: 'lets the last writer of one version win',
    found: 'when given an equal version',
    says: /^write\(\) of an equal version: expected/,
    methods: write((write, world) => async (next) => {
      const there = JSON.parse(world.value ?? '{"version":0}') as StoreEntry;
      return there.version === next.version ? put(world, next) : write(next);
    }),
  },
  {
    fault: 'compares versions as text',
    found: 'write() compares versions as numbers',
    says: /^write\(\) of version 10: expected \{"version":10.*, got \{"version":9/,
    methods: write((_, world) => async (next) => {
      const there = JSON.parse(world.value ?? '{"version":0}') as StoreEntry;
      return String(next.version) > String(there.version) ? put(world, next) : there;
    }),
  },
  {
    fault: 'keeps versions in 32 bits',
    found: 'write() compares versions as numbers',
    says: /^write\(\) of version 2147483648/,
    methods: write((write) => async (next) => ({ ...(await write(next)), version: next.version | 0 })),
  },
  {
    fault: 'tells every writer that it has won',
    found: 'when given an equal version',
    says: /^write\(\) of an equal version: expected/,
    methods: write((write) => async (next) => {
      await write(next);
      return next;
    }),
  },
  {
    fault: 'answers a write with nothing',
    found: 'write() takes the first entry',
    says: /^write\(\) of the first entry: expected \{"version":7.*, got undefined$/,
    methods: write((write) => async (next) => void (await write(next)) as never),
  },
  {
    fault: 'refuses an id that it knows',
    found: 'write() of the same entry again',
    says: /^write\(\): expected no error, got the error "duplicate key"$/,
    methods: write((write, world) => async (next) => {
      if (world.value?.includes(next.id)) throw new Error('duplicate key');
      return write(next);
    }),
  },
  {
    fault: 'gives ids of its own',
    found: 'write() takes the first entry',
    says: /^write\(\) of the first entry: expected/,
    methods: write((write) => (next) => write({ ...next, id: 'row 1' })),
  },
  {
    fault: 'deletes at a sign-out',
    found: 'a sign-out comes back as an entry without a token',
    says: /^read\(\) after a sign-out: expected \{"version":2.*, got undefined$/,
    methods: write((write, world) => async (next) => {
      const entry = await write(next);
      if (!next.token) world.value = undefined;
      return entry;
    }),
  },
  {
    fault: 'keeps the fields that it knows',
    found: 'other fields of a token response',
    says: /^read\(\) by another holder: expected/,
    methods: (sound) => ({
      read: async () => {
        const entry = await sound.read();
        const { extra, ...token } = entry?.token ?? {};
        return entry && ({ ...entry, token } as StoreEntry);
      },
      write: async (next) => sound.write(next),
    }),
  },
  {
    fault: 'keeps text as Latin-1',
    found: 'text in several scripts',
    says: /^read\(\) by another holder: expected/,
    methods: (sound) => ({
      read: async () => JSON.parse(JSON.stringify((await sound.read()) ?? null).replace(/[^\x20-\xff]/g, '?')),
    }),
  },
  {
    fault: 'has a column of 255 characters',
    found: 'a token of 64 kB',
    says: /^write\(\): expected .*a{80}… \(65536\).*, got .*\(255\)/,
    methods: write((write) => async (next) => {
      const { token } = next;
      return write(token ? { ...next, token: { ...token, accessToken: token.accessToken.slice(0, 255) } } : next);
    }),
  },
  {
    fault: 'leaves the mark out',
    found: 'the mark of the holder',
    says: /^write\(\): expected .*"sent":"holder"/,
    methods: write(
      (write) =>
        ({ sent, ...next }) =>
          write(next),
    ),
  },
  {
    fault: 'hands out what it holds',
    found: 'an entry is nobody’s to change',
    says: /^read\(\) after the objects were changed: expected .*, got .*changed/,
    methods: (_, world) => ({
      read: async () => world.old,
      write: async (next) => {
        world.old = next;
        return next;
      },
    }),
  },
  {
    fault: 'acknowledges before it has written',
    found: 'what was written is there for all holders',
    says: /^read\(\) by another holder: expected \{"version":1.*, got undefined$/,
    methods: write((write) => async (next) => {
      void pause(5).then(() => write(next));
      return next;
    }),
  },
  {
    fault: 'looks first and writes later',
    found: 'one wins, and all writers are told which',
    says: /^write\(\) of several at once: expected/,
    methods: (sound, world) =>
      write(() => async (next) => {
        const there = await sound.read();
        await pause();
        return there && there.version >= next.version ? there : put(world, next);
      })(sound, world),
  },
  {
    fault: 'lets a late write land on a newer one',
    found: 'a sign-out is the last word',
    says: /^(read\(\)|write\(\) of a sign-out): expected/,
    methods: (sound, world) =>
      write(() => async (next) => {
        const there = await sound.read();
        if (next.token) await pause(3);
        return there && there.version >= next.version ? there : put(world, next);
      })(sound, world),
  },
  {
    fault: 'is emptied before it is written',
    found: 'read() meets a whole entry while another holder writes',
    says: /^read\(\) while another holder writes: expected version \d+ or more, got undefined$/,
    methods: write((write, world) => async (next) => {
      world.value = undefined;
      await pause();
      return write(next);
    }),
  },
  {
    fault: 'throws at what is no entry',
    found: 'what is no entry counts as nothing, and is written over: "not json"',
    says: /^read\(\): expected no error, got the error ".*JSON/,
    methods: (_, world) => ({ read: async () => (world.value === undefined ? undefined : JSON.parse(world.value)) }),
  },
  {
    fault: 'gives out what is no entry',
    found: 'what is no entry counts as nothing, and is written over: "{}"',
    says: /^read\(\) of what is no entry: expected undefined, got \{\}$/,
    methods: (_, world) => ({ read: async () => JSON.parse(world.value ?? 'null') ?? undefined }),
  },
  {
    fault: 'falls back on an older entry',
    found: 'what is no entry counts as nothing, and is written over: "not json"',
    says: /^read\(\) of what is no entry: expected undefined, got \{"version":1/,
    methods: (sound, world) => ({
      read: async () => (await sound.read()) ?? world.old,
      write: async (next) => {
        world.old = next;
        return sound.write(next);
      },
    }),
  },
  {
    fault: 'heeds the version of what is no entry',
    found: String.raw`written over: "{\"version\":9,\"session\":\"s\"}"`,
    says: /^write\(\) over what is no entry: expected/,
    methods: write((write, world) => async (next) => {
      const there = JSON.parse(world.value ?? '{}') as StoreEntry;
      return there.version >= next.version ? there : write(next);
    }),
  },
];

const free = (task: Task) => task({ signal: new AbortController().signal });
const aborted = (signal: AbortSignal | undefined) =>
  new Promise<never>((_, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))));

const locks: Hostile[] = [
  {
    fault: 'has no lock',
    found: 'while a task runs no other holder’s does',
    says: /^tasks that ran beside the one that holds the lock: expected 0, got 2$/,
    methods: withLock(() => free as WithLock),
  },
  {
    fault: 'has a lock for each holder',
    found: 'while a task runs no other holder’s does',
    says: /^tasks that ran beside the one that holds the lock: expected 0, got 1$/,
    methods: () => ({ withLock: databaseStore(newRows()).withLock }),
  },
  {
    fault: 'frees the lock while its task runs',
    found: 'of many tasks at once one runs at a time',
    says: /^tasks that ran at one time: expected 1, got \d+$/,
    methods: withLock((withLock) => async (task, options) => {
      let outcome!: ReturnType<typeof task>;
      await withLock(async (lock) => {
        outcome = task(lock);
        outcome.catch(() => {});
      }, options);
      return outcome;
    }),
  },
  {
    fault: 'answers nothing',
    found: 'withLock() resolves with what its task resolves with',
    says: /^withLock\(\): expected 42, got undefined$/,
    methods: withLock((withLock) => async (task, options) => void (await withLock(task, options)) as never),
  },
  {
    fault: 'keeps the lock when its task fails',
    found: 'withLock() rejects with the error of its task, and frees the lock',
    says: /^withLock\(\) after a task that rejected: expected/,
    methods: withLock(
      (withLock) => (task, options) =>
        new Promise((resolve, reject) => {
          const stuck = (error: unknown) => {
            reject(error);
            return never;
          };
          withLock((lock) => task(lock).catch(stuck), options).then(resolve, reject);
        }),
    ),
  },
  {
    fault: 'swallows the error of its task',
    found: 'withLock() rejects with the error of its task, and frees the lock',
    says: /^withLock\(\) whose task rejects: expected an error, got undefined$/,
    methods: withLock(
      (withLock) => (task, options) => withLock((lock) => task(lock).catch(() => undefined as never), options),
    ),
  },
  {
    fault: 'tries its task again, as a transaction',
    found: 'withLock() runs its task once',
    says: /^the runs of one task: expected 1, got 2$/,
    methods: withLock((withLock) => async (task, options) => {
      await withLock(task, options);
      return withLock(task, options);
    }),
  },
  {
    fault: 'tells its owner that the lock is lost',
    found: 'a task is told that it has the lock',
    says: /^lock.isHeld\(\) in the task: expected true, got false$/,
    methods: withLock(
      (withLock) => (task, options) => withLock((lock) => task({ ...lock, isHeld: () => false }), options),
    ),
  },
  {
    fault: 'aborts the signal of a lock that is held',
    found: 'a task is told that it has the lock',
    says: /^lock.signal.aborted in the task: expected false, got true$/,
    methods: withLock(
      (withLock) => (task, options) => withLock((lock) => task({ ...lock, signal: AbortSignal.abort() }), options),
    ),
  },
  {
    fault: 'has a write wait for the lock, as it is the lock of its row',
    found: 'write() and read() never wait for the lock',
    says: /^write\(\): expected an outcome within 2000 ms, got none$/,
    methods: (sound) => ({
      write: (next) => sound.withLock(() => sound.write(next), { waitMs: 5_000, holdMs: 5_000 }),
    }),
  },
  {
    fault: 'has a lease that is shorter than holdMs',
    found: 'a lock is kept for nearly holdMs',
    says: /^withLock\(\) after 800 ms of a holdMs of 1000: expected a lock that is kept, got another task$/,
    methods: withLock((withLock) => (task, options) => {
      let outcome: ReturnType<typeof task> | undefined;
      const lease = withLock(async (lock) => {
        outcome = task(lock);
        outcome.catch(() => {});
        await Promise.race([outcome.catch(() => {}), pause(200)]);
      }, options);
      return lease.then(() => outcome as NonNullable<typeof outcome>);
    }),
  },
  {
    fault: 'does not say that the lock is lost',
    found: 'a holder that has lost the lock is told so',
    says: /^lock.signal.aborted, or !lock.isHeld\(\), of a holder that has lost the lock: expected true, got false$/,
    methods: withLock((withLock) => (task, options) => withLock(({ signal }) => task({ signal }), options)),
  },
  {
    fault: 'waits for the lock for ever',
    found: 'a lock that is not free within waitMs is given up',
    says: /^withLock\(\) with waitMs 100, of a lock that is held: expected an outcome within 2100 ms, got none$/,
    methods: withLock((withLock) => (task, options) => withLock(task, { ...options, waitMs: 60_000 })),
  },
  {
    fault: 'does not wait for the lock',
    found: 'a lock that is not free within waitMs is given up',
    says: /^withLock\(\) with waitMs 100: expected to wait that long, got a rejection after/,
    methods: withLock((withLock) => async (task, options) => {
      const waiting = new AbortController();
      let runs = false;
      const outcome = withLock(
        (lock) => {
          runs = true;
          return task(lock);
        },
        { ...options, signal: waiting.signal },
      );
      // No timer: on a busy machine the shortest takes longer than what the case waits for.
      for (let i = 0; i < 100 && !runs; i += 1) await undefined;
      if (!runs) waiting.abort();
      return outcome;
    }),
  },
  {
    fault: 'runs a task that was given up',
    found: 'a lock that is not free within waitMs is given up',
    says: /^runs of a task whose lock was given up: expected 0, got 1$/,
    methods: withLock((withLock) => (task, options) => {
      const late = pause(options.waitMs).then(() => Promise.reject(new Error('late')));
      return Promise.race([withLock(task, { ...options, waitMs: 60_000 }), late]);
    }),
  },
  {
    fault: 'counts the time of the task as waiting',
    found: 'waitMs ends with the waiting',
    says: /^withLock\(\): expected no error, got the error "late"$/,
    methods: withLock((withLock) => (task, options) => {
      const late = pause(options.waitMs).then(() => Promise.reject(new Error('late')));
      return Promise.race([withLock(task, options), late]);
    }),
  },
  {
    fault: 'hands waitMs to setTimeout, which takes 31 bits',
    found: 'a lock is waited for as long as waitMs says: 2147483648 ms',
    says: /^withLock\(\) with waitMs 2147483648: expected to wait, got the error "lock wait"$/,
    methods: withLock((withLock) => (task, options) => withLock(task, { ...options, waitMs: options.waitMs | 0 })),
  },
  {
    fault: 'does not look at a signal that was aborted before',
    found: 'a signal that was aborted before',
    says: /^withLock\(\) with an aborted signal: expected an error, got undefined$/,
    methods: withLock(
      (withLock) =>
        (task, { signal, ...options }) =>
          withLock(task, options),
    ),
  },
  {
    fault: 'does not listen to the signal',
    found: 'a signal that is aborted ends the waiting',
    says: /^withLock\(\) whose signal is aborted: expected an outcome within 2000 ms, got none$/,
    methods: withLock(
      (withLock) =>
        (task, { signal, ...options }) =>
          withLock(task, options),
    ),
  },
  {
    fault: 'ends the task with the signal',
    found: 'a signal ends the waiting only',
    says: /^withLock\(\) whose signal is aborted in its task: expected a task that goes on, got one that has ended$/,
    methods: withLock(
      (withLock) => (task, options) => withLock((lock) => Promise.race([task(lock), aborted(options.signal)]), options),
    ),
  },
];

const listening: Hostile[] = [
  {
    fault: 'gives no hints',
    found: 'subscribe() calls changed() when another holder has written',
    says: /^subscribe\(\), after a write: expected a call of changed\(\) .*within 2000 ms, got none$/,
    methods: () => ({ subscribe: () => () => {} }),
  },
  {
    fault: 'gives a hint before it has written',
    found: 'subscribe() calls changed() when another holder has written',
    says: /^subscribe\(\), after a write: expected a call of changed\(\) after which read\(\) has the entry/,
    methods: write((_, world) => async (next) => {
      for (const changed of [...world.listeners]) changed();
      await pause(20);
      return databaseStore(world).write(next);
    }),
  },
  {
    fault: 'goes on after it was told to stop',
    found: 'subscribe() returns the way to stop',
    says: /^calls of changed\(\) after its listener has stopped: expected 0, got 1$/,
    methods: (sound) => ({
      subscribe: (changed) => {
        sound.subscribe!(changed);
        return () => {};
      },
    }),
  },
  {
    fault: 'is disturbed by a listener that throws',
    found: 'a listener that throws',
    says: /^write\(\): expected no error, got the error "in a listener"$/,
    methods: write((write, world) => async (next) => {
      const entry = await write(next);
      for (const changed of [...world.listeners]) changed();
      return entry;
    }),
  },
  {
    fault: 'says nothing of a gap',
    found: 'subscribe() calls changed() after a gap',
    says: /^subscribe\(\), after a gap: expected a call of changed\(\) .*within 2000 ms, got none$/,
    options: (sound) => ({ ...sound, gap: (name, during) => during().then(() => void name) }),
    methods: (_, world) => ({ subscribe: () => () => void world }),
  },
  {
    fault: 'has one register for all names',
    found: 'registers of two names share nothing',
    says: /^read\(\) of another name: expected undefined, got \{"version":5/,
    methods: () => shared,
  },
];

const shared = databaseStore(newRows());

export const hostileStores = [...registers, ...locks, ...listening];

/** A sound store in which one thing is wrong. */
export function openHostile({ methods, options }: Hostile) {
  const sound = soundStore(2_000);
  const open: OpenStore = async (name) => {
    const store = (await sound.open(name)) as TokenStore;
    return { ...store, ...methods?.(store, sound.worldOf(name)) };
  };
  return { open, options: options?.(sound.options) ?? sound.options };
}
