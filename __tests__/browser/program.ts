import { createSession, type Session } from 'axios-bearer';
import { browserStore } from 'axios-bearer/browser';
import type { StoreCaseOptions } from 'axios-bearer/testing';
import { storeCases } from '../../lib/testing/stores/cases.js';

/** What the pages of these tests can do. */
interface Program {
  browserStore: typeof browserStore;
  createSession: typeof createSession;
  /** Runs these cases. Resolves with what each that failed has to say. */
  judge(names: string[]): Promise<Record<string, string>>;
  /** Writes what may be no entry, past the store. */
  put(name: string, text: unknown): Promise<void>;
  /** Sessions in two realms of this page, signed in on one register, and the refresh tokens that they present. */
  pair(name: string): Promise<Pair>;
  /** Enough of everything. */
  patience: { waitMs: number; holdMs: number };
}

interface Pair {
  readonly windows: (Window & typeof globalThis)[];
  readonly sessions: Session[];
  readonly presented: unknown[];
}

declare global {
  var program: Program;
}

const patience = { waitMs: 20_000, holdMs: 60_000 };
globalThis.program = { browserStore, createSession, judge, put, pair, patience };

// So many cases at a time: each opens several frames.
const AT_ONCE = 6;

/** The frames that hold each register. */
const frames = new Map<string, HTMLIFrameElement[]>();

const options: StoreCaseOptions = {
  corrupt: (name, text) => put(name, text),
  loseLock: (name) => leave(name),
  async gap(name, during) {
    leave(name);
    await during();
    for (const window of windowsOf(name))
      window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
  },
  patience: patience.waitMs,
};

/** Another realm of this page. */
async function frame(): Promise<HTMLIFrameElement> {
  const made = document.createElement('iframe');
  const loaded = new Promise((resolve) => made.addEventListener('load', resolve));
  made.src = '/frame';
  document.body.append(made);
  await loaded;
  return made;
}

/** A holder in a realm of its own, as another tab is. */
async function open(name: string) {
  const made = await frame();
  frames.set(name, [...(frames.get(name) ?? []), made]);
  return (made.contentWindow as typeof globalThis & Window).program.browserStore(name);
}

async function pair(name: string): Promise<Pair> {
  const made = [await frame(), await frame()];
  const windows = made.map(({ contentWindow }) => contentWindow as Window & typeof globalThis);
  const presented: unknown[] = [];
  const refresh = async ({ refreshToken }: { refreshToken?: string }) => {
    presented.push(refreshToken);
    await new Promise((resolve) => setTimeout(resolve, 300));
    return { access_token: `${refreshToken}+`, refresh_token: `${refreshToken}+`, expires_in: 3_600 };
  };
  const sessionIn = (window: (typeof windows)[number]) =>
    window.program.createSession({ source: { refresh }, store: window.program.browserStore(name) });
  const first = sessionIn(windows[0]!);
  await first.signIn({ access_token: 'at', refresh_token: 'rt', expires_in: 3_600 });
  const second = sessionIn(windows[1]!);
  await second.token();
  return { windows, sessions: [first, second], presented };
}

async function judge(names: string[]): Promise<Record<string, string>> {
  const failures: Record<string, string> = {};
  const waiting = storeCases(open, options).filter(({ name }) => names.includes(name));
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { name, run } = next;
      await run().catch((error) => {
        failures[name] = `${error}`;
      });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  for (const made of [...frames.values()].flat()) made.remove();
  return failures;
}

function windowsOf(name: string): Window[] {
  return (frames.get(name) ?? []).map(({ contentWindow }) => contentWindow!);
}

/** As when the pages of these holders are left for others. */
function leave(name: string): void {
  for (const window of windowsOf(name)) window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));
}

async function put(name: string, text: unknown): Promise<void> {
  const opening = indexedDB.open(name);
  await done(opening);
  const transaction = opening.result.transaction('register', 'readwrite');
  await done(transaction.objectStore('register').put(text, 'entry'));
  opening.result.close();
}

function done(request: IDBRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error);
  });
}
