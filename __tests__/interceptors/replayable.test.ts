import { describe, expect, it } from '@jest/globals';
import axios from 'axios';
import { isReplayable, replayable } from '../../lib/interceptors/replayable.js';

describe('a replayable() body', () => {
  it('is known', () => {
    expect(isReplayable(replayable(() => 'text'))).toBe(true);
  });

  it('is known of another copy of this package, whose class is not ours', () => {
    class Replayable {
      make = () => 'text';
    }
    const other = Object.assign(new Replayable(), { [Symbol.for('axios-bearer.replayable')]: true });
    expect(isReplayable(other)).toBe(true);
  });

  it.each([undefined, null, 'text', 7, () => {}, {}, { make() {} }, { 'axios-bearer.replayable': true }])(
    'is not %p',
    (body) => {
      expect(isReplayable(body)).toBe(false);
    },
  );

  it('is made by the caller’s own function, anew each time', () => {
    let made = 0;
    const body = replayable(() => ++made);
    expect([body.make(), body.make()]).toEqual([1, 2]);
  });
});

describe('L16 on bare axios, with no session to make it, a replayable() body', () => {
  let sends: unknown[] = [];
  const api = axios.create({
    adapter: async (config) => {
      sends.push(config.data);
      return { config, data: '', status: 200, statusText: '', headers: {} };
    },
  });
  const post = (make: () => unknown) => {
    sends = [];
    return api.post('/a', replayable(make));
  };

  it('that is a text is sent as that text, never as {}', async () => {
    await post(() => 'a=b');
    expect(sends).toEqual(['a=b']);
  });

  it.each<[string, () => unknown]>([
    ['a promise', async () => 'a=b'],
    ['an object', () => ({ a: 'b' })],
    ['bytes', () => new Uint8Array([1])],
  ])('that is no text but %s is an error that says so, and nothing is sent', async (_, make) => {
    await expect(post(make)).rejects.toMatchObject({ code: 'ERR_BEARER_BODY' });
    expect(sends).toEqual([]);
  });

  it('that can’t be made rejects the request with what its function threw', async () => {
    const error = new Error('no such file');
    const failing = post(() => {
      throw error;
    });
    await expect(failing).rejects.toBe(error);
    expect(sends).toEqual([]);
  });
});
