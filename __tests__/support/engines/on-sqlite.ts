import { describeOn } from '../on.js';
import { type SqliteEngine, sqliteEngines } from './sqlite.js';

/**
 * Tests for each engine.
 *
 * @param tests run in this process, so on an engine of this Node alone, unless they take its path into account
 */
export function onSqlite(tests: (engine: SqliteEngine) => void, { inThisProcess = false } = {}): void {
  for (const engine of sqliteEngines) {
    const { name, execPath } = engine;
    if (inThisProcess && execPath && execPath !== process.execPath) continue;
    const [isThere, how] = [Boolean(execPath), 'install it by npm run test:engines'];
    describeOn({ title: `on ${name}`, isThere, how, required: 'REQUIRE_ENGINES' }, () => tests(engine));
  }
}
