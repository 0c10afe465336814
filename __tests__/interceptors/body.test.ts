import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { canSendAgain, isOneShot, isUsedUp, Replayable, restoreBody, transform } from '../../lib/interceptors/body.js';
import type { Config, Journey } from '../../lib/interceptors/config.js';

const stream = () => Readable.from(['a']);
const ring = () => {
  const self: unknown[] = [];
  self.push({ self });
  return self;
};
class Form {
  readonly inner = stream();
}
const bare = (value: unknown) => Object.assign(Object.create(null), { value });

describe('a body that can be sent only once', () => {
  it.each<[string, () => unknown]>([
    ['a stream of node’s', stream],
    ['a stream of the web’s', () => new ReadableStream()],
    ['a generator', function* () {}],
    ['an object that holds one', () => ({ a: 1, file: stream() })],
    ['an array that holds one', () => [1, [stream()]]],
    ['an object without a prototype that holds one', () => bare(stream())],
    ['a ring with one in it', () => [...ring(), stream()]],
  ])('is %s', (_, make) => {
    const value = make();
    expect(isOneShot(typeof value === 'function' ? value() : value)).toBe(true);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['text', 'pipe'],
    ['a number', 7],
    ['a function', () => {}],
    ['an object', { a: { b: [1, null, undefined] }, pipe: true, getReader: 'a', next: {} }],
    ['one without a prototype', bare(1)],
    ['a ring', ring()],
    ['a buffer', Buffer.from('a')],
    ['a form', new FormData()],
    ['an object of a class, which knows itself what it holds', new Form()],
  ])('is not %s', (_, value) => {
    expect(isOneShot(value)).toBe(false);
  });
});

describe('what was sent', () => {
  const journey = (data: unknown) => ({ data }) as Journey;
  const config = (data: unknown) => ({ data }) as Config;

  it('can be sent again unless it was a stream, made of what was a stream already', () => {
    expect(canSendAgain(config('text'), journey(stream()))).toBe(true);
    expect(canSendAgain(config(stream()), journey({ a: 1 }))).toBe(true);
    expect(canSendAgain(config(stream()), journey(new Replayable(stream)))).toBe(true);
    expect(canSendAgain(config(stream()), journey({ a: stream() }))).toBe(false);
  });

  it('is made anew if it was a stream, or can be made', () => {
    expect(isUsedUp(config('text'), journey('text'))).toBe(false);
    expect(isUsedUp(config(stream()), journey('text'))).toBe(true);
    expect(isUsedUp(config('text'), journey(new Replayable(() => 'text')))).toBe(true);
  });

  it('gives way, if it was a stream, to what it was made of', () => {
    const [used, kept] = [config(stream()), config('sent')];
    restoreBody(used, journey('original'));
    restoreBody(kept, journey('original'));
    expect([used.data, kept.data]).toEqual(['original', 'sent']);
  });
});

it('transforms are called as axios calls them: one or several or none, with the config as `this`', () => {
  const config = { name: 'config' } as unknown as Config;
  const message = { data: 'a', headers: { b: 'c' }, status: 200 };
  const calls: unknown[][] = [];
  function note(this: unknown, ...args: unknown[]) {
    calls.push([this, ...args]);
    return `${args[0]}+`;
  }
  expect(transform(undefined, config, message)).toBe('a');
  expect(transform(note as never, config, message)).toBe('a+');
  expect(transform([note, note] as never, config, message)).toBe('a++');
  expect(calls).toEqual([
    [config, 'a', message.headers, 200],
    [config, 'a', message.headers, 200],
    [config, 'a+', message.headers, 200],
  ]);
});
