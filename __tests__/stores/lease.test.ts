import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { type LeaseEngine, leaseStore } from 'axios-bearer/lease';
import { type OpenStore, storeCases } from 'axios-bearer/testing';
import {
  type ConditionalPutServer,
  httpEngine,
  Rows,
  startConditionalPut,
} from '../support/engines/conditional-put.js';

const leaseMs = 500;
type Engine = LeaseEngine & { isCutOff?: boolean };

let service: ConditionalPutServer;
beforeAll(async () => {
  service = await startConditionalPut();
});
afterAll(() => service.stop());

/** Holders, of which the first can be cut off from the engine: it can't renew its lease. */
function holders(engineOf: (name: string) => Engine) {
  const first = new Map<string, Engine>();
  const open: OpenStore = (name) => {
    const engine = engineOf(name);
    if (!first.has(name)) first.set(name, engine);
    return leaseStore(engine, { leaseMs });
  };
  return { open, loseLock: (name: string) => Object.assign(first.get(name)!, { isCutOff: true }) };
}

const inMemory = new Rows();
const memory = holders((name) => inMemory.engine(name));
const http = holders((name) => {
  const { read, write } = httpEngine(service.url, name);
  const engine: Engine = {
    isCutOff: false,
    read: async () => (engine.isCutOff ? Promise.reject(new Error('cut off')) : read()),
    write: async (...row) => (engine.isCutOff ? Promise.reject(new Error('cut off')) : write(...row)),
  };
  return engine;
});

describe('leaseStore over rows in memory keeps the contract', () => {
  const gap = async (name: string, during: () => Promise<void>) => {
    inMemory.isDeaf = true;
    await during();
    inMemory.isDeaf = false;
    inMemory.tell(name);
  };
  const corrupt = (name: string, text: string) => inMemory.corrupt(name, text);
  for (const { name, run } of storeCases(memory.open, { corrupt, gap, loseLock: memory.loseLock })) it(name, run);
});

describe('leaseStore over a key-value service keeps the contract', () => {
  const corrupt = (name: string, text: string) => service.rows.corrupt(name, text);
  for (const { name, run } of storeCases(http.open, { corrupt, loseLock: http.loseLock })) it.concurrent(name, run);
});
