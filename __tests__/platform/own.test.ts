import { runInNewContext } from 'node:vm';
import { expect, it } from '@jest/globals';
import { own, ownMethods } from '../../lib/platform/own.js';

/** With this on `Object.prototype`. */
function polluted<T>(name: string, work: () => T): T {
  Object.assign(Object.prototype, { [name]: 'evil' });
  try {
    return work();
  } finally {
    Reflect.deleteProperty(Object.prototype, name);
  }
}

class Base {
  get inherited() {
    return 'inherited';
  }
}

class Given extends Base {
  #secret = 'private';
  field = 'own';
  method() {
    return this.#secret;
  }
}

it('L19 what is given is read by name, its class’s too, and nothing of Object.prototype', () => {
  const frozen = Object.freeze(new Given()) as Given;
  for (const given of [frozen, Object.create(frozen)]) {
    const read = polluted('evil', () => {
      const { field, inherited, evil } = own(given) as Record<string, unknown>;
      return [field, inherited, evil, 'evil' in own(given), 'field' in own(given)];
    });
    expect(read).toEqual(['own', 'inherited', undefined, false, true]);
  }
  expect(own(frozen).method).toBe(frozen.method);
  expect(ownMethods<Given>(frozen).method?.()).toBe('private');
  expect([own({}).toString, own(undefined as object | undefined).constructor]).toEqual([undefined, undefined]);
});

it('L19 an own field named as one that was put there is read', () => {
  expect(polluted('a', () => [own({ a: 'mine' }).a, own({ a: undefined }).a, 'a' in own({ a: undefined })])).toEqual([
    'mine',
    undefined,
    true,
  ]);
});

it('L19 objects of another realm are read so too', () => {
  const foreign = runInNewContext('Object.prototype.evil = 1; ({ a: 2 })');
  expect([own(foreign).a, own(foreign).evil]).toEqual([2, undefined]);
});

it('an object without a prototype is read, and one that is made of it', () => {
  const bare = Object.assign(Object.create(null), { a: 1 });
  expect([own(bare).a, own(Object.create(bare)).a]).toEqual([1, 1]);
});

it('what is read so once may be read so again', () => {
  expect([own(own({ a: 1 })).a, own(ownMethods(new Given())).field]).toEqual([1, 'own']);
});
