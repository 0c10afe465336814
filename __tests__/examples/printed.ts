import { format } from 'node:util';
import { jest } from '@jest/globals';

/** Runs an example here, on the axios that the tests run on: what it printed, and what it exports. Rejects when a claim does not hold. */
export async function printed<T extends object>(run: () => Promise<T>): Promise<T & { lines: string[] }> {
  const lines: string[] = [];
  const log = jest.spyOn(console, 'log').mockImplementation((...args) => void lines.push(format(...args)));
  try {
    return { ...(await run()), lines };
  } finally {
    log.mockRestore();
  }
}
