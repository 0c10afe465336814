import type { Case, Send } from './cases/case.js';
import { type CaseName, cases } from './cases/index.js';

/** What the parent asks of a process: so many requests through one contender. */
export interface Order {
  contender: string;
  requests: number;
}

/** Runs as a process of its own: which contenders share its compiled code is for the parent to say. */
const { contenders }: Case = cases[process.argv[2] as CaseName];
const started = new Map<string, Send>();

process.on('message', async ({ contender, requests }: Order) => {
  const send = started.get(contender) ?? (contenders[contender] as () => Send)();
  started.set(contender, send);
  // Nobody pays for another one's garbage. A major collection would throw away compiled code with it, and the next round
  // measure the compiler.
  globalThis.gc?.({ type: 'minor' } as never);
  const before = process.cpuUsage();
  await send(requests);
  const { user, system } = process.cpuUsage(before);
  process.send?.(user + system);
});
