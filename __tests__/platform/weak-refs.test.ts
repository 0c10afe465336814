import { afterEach, describe, expect, it } from '@jest/globals';
import { WeakRefs } from '../../lib/platform/weak-refs.js';

const { WeakRef: Own, FinalizationRegistry: Registry } = globalThis;

afterEach(() => void Object.assign(globalThis, { WeakRef: Own, FinalizationRegistry: Registry }));

describe.each([
  ['as it is', {}],
  ['without WeakRef', { WeakRef: undefined, FinalizationRegistry: undefined }],
])('a list that keeps nothing alive, on a platform %s', (_, lacks) => {
  it('has each item once, in order, until it is taken out', () => {
    Object.assign(globalThis, lacks);
    const refs = new WeakRefs<object>();
    const [one, two] = [{}, {}];
    for (const item of [one, two, one]) refs.add(item);
    expect(refs.all).toEqual([one, two]);
    refs.delete(one);
    refs.delete(one);
    expect(refs.all).toEqual([two]);
    refs.add(one);
    expect(refs.all).toEqual([two, one]);
  });
});
