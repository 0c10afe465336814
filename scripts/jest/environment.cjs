const { AsyncLocalStorage } = require('node:async_hooks');
const { TestEnvironment } = require('jest-environment-node');

/**
 * jest-circus makes an AsyncLocalStorage for each test file, and never ends it. Up to Node 22 every promise of every later
 * file in the same worker is then told to each of them, and keeps a trace of each: the more files a worker has run, the
 * slower it gets. So those that a file has used end with it.
 */
const used = new Set();
const { run } = AsyncLocalStorage.prototype;
AsyncLocalStorage.prototype.run = function (...args) {
  used.add(this);
  return run.apply(this, args);
};

module.exports = class OneFile extends TestEnvironment {
  async teardown() {
    for (const storage of used) storage.disable();
    used.clear();
    await super.teardown();
  }
};
