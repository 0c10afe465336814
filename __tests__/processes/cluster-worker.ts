import { fileStore } from 'axios-bearer/file';

/** A worker of node:cluster that takes the lock of a folder again and again, and tells how often it was had. */
const store = fileStore(process.env.FOLDER as string);
const outcomes = { had: 0, failed: 0 };
for (let i = 0; i < 100; i += 1) {
  await store
    .withLock(() => new Promise((resolve) => setImmediate(resolve)), { waitMs: 20_000, holdMs: 20_000 })
    .then(
      () => outcomes.had++,
      () => outcomes.failed++,
    );
}
process.send?.(outcomes);
