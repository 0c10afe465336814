import { jest } from '@jest/globals';

/** Runs an example here, on the axios that the tests run on: what it printed, and what it exports. */
export async function printed<T extends object>(run: () => Promise<T>): Promise<T & { lines: string[] }> {
  const lines: string[] = [];
  const log = jest.spyOn(console, 'log').mockImplementation((line) => void lines.push(line));
  try {
    return { ...(await run()), lines };
  } finally {
    log.mockRestore();
  }
}
