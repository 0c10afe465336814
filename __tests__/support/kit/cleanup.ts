import type { Session } from 'axios-bearer';

const cleanups: (() => unknown)[] = [];

/** Calls `cleanup` when the test is over; what was registered last is called first. */
export function atEnd(cleanup: () => unknown): void {
  cleanups.push(cleanup);
}

/** For each file's `afterEach`: does what was registered by `atEnd`, by this kit too. */
export async function cleanUp(): Promise<void> {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
}

/** Closes `thing` when the test is over, and waits for that. */
export function closeAtEnd<T extends { close(): unknown }>(thing: T): T {
  atEnd(() => thing.close());
  return thing;
}

/** Closes `session` when the test is over, and does not wait: its source may never answer. */
export function closeSessionAtEnd(session: Session): Session {
  atEnd(() => void session.close());
  return session;
}
