import { format } from 'node:util';
import { jest } from '@jest/globals';

/** Runs an example as its command does, in this process. @returns what it prints; rejects when a claim does not hold */
export async function play(name: string): Promise<string[]> {
  const lines: string[] = [];
  const log = jest.spyOn(console, 'log').mockImplementation((...args) => void lines.push(format(...args)));
  try {
    await import(`../../examples/${name}/index.js`);
    return lines;
  } finally {
    log.mockRestore();
  }
}
