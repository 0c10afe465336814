import { describe } from '@jest/globals';
import { type SqliteEngine, sqliteEngines } from './sqlite.js';

const HOW = 'install it: npm run test:engines';

/**
 * Tests for each engine. One that is missing is left out, which a line at the end of the run tells; with
 * `REQUIRE_ENGINES=1` they fail.
 *
 * @param tests run in this process, so on an engine of this Node alone, unless they take its path into account
 */
export function onSqlite(tests: (engine: SqliteEngine) => void, { inThisProcess = false } = {}): void {
  for (const engine of sqliteEngines) {
    const { name, execPath } = engine;
    if (inThisProcess && execPath && execPath !== process.execPath) continue;
    const isLeftOut = !execPath && process.env.REQUIRE_ENGINES !== '1';
    if (isLeftOut) describe.skip(`on ${name} (${HOW})`, () => tests(engine));
    else describe(`on ${name}`, () => tests(engine));
  }
}
