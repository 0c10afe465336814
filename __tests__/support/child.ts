import type { TokenStore } from 'axios-bearer';

const ENOUGH = { waitMs: 60_000, holdMs: 60_000 };

/** In a process that its parent tells what to do: performs each call, and answers with its result or its error. */
export function answerCalls<M extends object>(methods: M): void {
  process.on('message', async ({ id, method, args }: { id: number; method: keyof M; args: unknown[] }) => {
    const call = methods[method] as (...args: unknown[]) => unknown;
    try {
      process.send?.({ id, result: await call(...args) });
    } catch (error) {
      process.send?.({ id, error: String((error as Error).stack) });
    }
  });
}

/** Takes the lock again and again. A write under it loses only if another process has the lock too. */
export function contestOf(store: () => TokenStore) {
  let isContending = false;
  let contest: Promise<{ won: number; lost: number }>;

  async function writeNext(): Promise<'won' | 'lost'> {
    const { version = 0 } = (await store().read()) ?? {};
    const id = `${process.pid} ${Math.random()}`;
    const entry = await store().write({ version: version + 1, id, session: 'contest' });
    return entry.id === id ? 'won' : 'lost';
  }

  async function loop() {
    const outcomes = { won: 0, lost: 0 };
    while (isContending) outcomes[await store().withLock(writeNext, ENOUGH)] += 1;
    return outcomes;
  }

  return {
    contend() {
      isContending = true;
      contest = loop();
    },
    uncontend() {
      isContending = false;
      return contest;
    },
  };
}
