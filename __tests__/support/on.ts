import { describe } from '@jest/globals';

interface Needed {
  /** What the tests run on: `in Firefox`, `on Redis`. */
  readonly title: string;
  /** Has this machine got it? */
  readonly isThere: boolean;
  /** What to do for it: `install redis-server`, `run it as root`. */
  readonly how: string;
  /** The variable that makes it a must; missing: nothing does. */
  readonly required: 'REQUIRE_BROWSERS' | 'REQUIRE_ENGINES' | undefined;
}

/**
 * Tests that need a browser or an engine. Where it is missing they are skipped, and the reason is their title, which a line
 * at the end of the run repeats; with the variable at 1 they fail.
 */
export function describeOn({ title, isThere, how, required }: Needed, tests: () => void): void {
  if (isThere || (required && process.env[required] === '1')) describe(title, tests);
  else describe.skip(`${title} (${how})`, tests);
}
