import { describe, expect, it } from '@jest/globals';
import { type StoreCaseOptions, storeCases } from 'axios-bearer/testing';
import { failureOf } from '../support/kit.js';
import { hostileStores, openHostile, soundStore } from './hostile-stores.js';

const sound = soundStore();

describe('a store that keeps the contract passes', () => {
  for (const { name, run } of storeCases(sound.open, sound.options)) it.concurrent(name, run);
});

describe('a store that breaks the contract is found, and the reason is told', () => {
  it.concurrent.each(hostileStores)('one that $fault: $found', async (hostile) => {
    const { open, options } = openHostile(hostile);
    const cases = storeCases(open, options).filter(({ name }) => name.includes(hostile.found));
    expect(cases.length).toBeGreaterThan(0);
    expect((await failureOf(cases[0]!.run())).message).toMatch(hostile.says);
  });
});

describe('storeCases', () => {
  it('leaves out what the store can’t be put through', () => {
    const names = (options?: StoreCaseOptions) => storeCases(sound.open, options).map(({ name }) => name);
    const missing = names(sound.options).filter((name) => !names().includes(name));
    expect(missing.length).toBeGreaterThan(10);
    for (const name of missing) expect(name).toMatch(/no entry|lost the lock|gap/);
  });

  it('has a name for each case', () => {
    const names = storeCases(sound.open, sound.options).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
