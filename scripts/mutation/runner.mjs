// For each mutant Stryker has jest run every file of tests, whatever failed before. Here only those with a test that
// meets the mutant are run, until one fails: first those that found the most, for the time they take.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Runner from 'jest-runner';

/** How many mutants each file has found. */
const finds = new Map();

export default class Narrow extends Runner {
  #pattern;
  #notes;

  constructor(config, context) {
    super(config, context);
    this.#pattern = config.testNamePattern;
    this.#notes = join(config.rootDir, 'tests.json');
  }

  runTests(tests, watcher, options) {
    // No mutant is active in the run before them all.
    if (process.env.__STRYKER_ACTIVE_MUTANT__ === undefined) return this.#runAll(tests, watcher, options);
    this.on('test-file-success', ([{ path }, { numFailingTests }]) => {
      if (numFailingTests === 0) return;
      finds.set(path, (finds.get(path) ?? 0) + 1);
      watcher.setState({ interrupted: true });
    });
    this.on('test-file-failure', () => watcher.setState({ interrupted: true }));
    return super.runTests(this.#meeting(tests), watcher, options);
  }

  /** Notes which test is where, and how long it takes. */
  async #runAll(tests, watcher, options) {
    const notes = {};
    this.on('test-file-success', ([{ path }, { testResults }]) => {
      notes[path] = testResults.map(({ fullName, duration }) => [fullName, duration ?? 0]);
    });
    await super.runTests(tests, watcher, options);
    writeFileSync(this.#notes, JSON.stringify(notes));
  }

  #meeting(tests) {
    const notes = JSON.parse(readFileSync(this.#notes, 'utf8'));
    // Without a pattern all do: the mutant is where the module is loaded.
    const pattern = new RegExp(this.#pattern ?? '', 'i');
    return tests
      .map((test) => {
        const met = (notes[test.path] ?? []).filter(([name]) => pattern.test(name));
        const ms = met.reduce((sum, [, duration]) => sum + duration, 0);
        return { test, met: met.length, rank: ms / (1 + (finds.get(test.path) ?? 0)) };
      })
      .filter(({ met }) => met > 0)
      .sort((a, b) => a.rank - b.rank)
      .map(({ test }) => test);
  }
}
