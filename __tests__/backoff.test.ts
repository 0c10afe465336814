import { describe, expect, it, jest } from '@jest/globals';
import { createSession } from 'axios-bearer';
import { fakeClock } from 'axios-bearer/testing';
import { askedDelay, delayAfter, delaysOf, HoldOff } from '../lib/backoff.js';

const BACKOFF = { initial: 100, factor: 3, cap: 5_000 };

describe('the delay between attempts', () => {
  it('grows by the factor, with up to a fifth on top, to the cap', () => {
    expect([1, 2, 3, 4, 5].map((failures) => delayAfter(failures, BACKOFF, 0))).toEqual([100, 300, 900, 2_700, 5_000]);
    expect(delayAfter(1, BACKOFF, 1)).toBeCloseTo(120);
    expect(delayAfter(4, BACKOFF, 0.5)).toBeCloseTo(2_970);
    expect(delayAfter(5, BACKOFF, 1)).toBe(5_000);
  });

  it('is at least a millisecond, and grows even from 0', () => {
    const none = { initial: 0, factor: 3, cap: 5_000 };
    expect([1, 2, 3].map((failures) => delayAfter(failures, none, 0))).toEqual([1, 3, 9]);
    expect(delayAfter(1, { initial: 100, factor: 1, cap: 0 }, 0)).toBe(1);
  });

  it('L24 has a sum that is known before: no draw is longer', () => {
    expect(delaysOf(0, BACKOFF)).toBe(0);
    expect(delaysOf(3, BACKOFF)).toBeCloseTo(120 + 360 + 1_080);
    expect(delaysOf(5, BACKOFF)).toBeCloseTo(120 + 360 + 1_080 + 3_240 + 5_000);
    expect(delaysOf(Number.POSITIVE_INFINITY, BACKOFF)).toBe(Number.POSITIVE_INFINITY);
  });

  it('is drawn anew each time', () => {
    jest.spyOn(Math, 'random').mockReturnValueOnce(0).mockReturnValueOnce(0.5);
    expect([delayAfter(1, BACKOFF), delayAfter(1, BACKOFF)]).toEqual([100, expect.closeTo(110)]);
    jest.restoreAllMocks();
  });
});

describe('the delay that a server asks for', () => {
  const asked = (headers: object) => askedDelay({ response: { headers } });

  it('is read from Retry-After, else from api.video’s own header', () => {
    expect(asked({ 'Retry-After': '7' })).toBe(7_000);
    expect(asked({ 'X-RateLimit-Retry-After': '8' })).toBe(8_000);
    expect(asked({ 'x-ratelimit-retry-after': '8', 'retry-after': '7' })).toBe(7_000);
    const inAMinute = asked({ 'retry-after': new Date(Date.now() + 60_000).toUTCString() });
    expect(Math.abs(inAMinute - 60_000)).toBeLessThan(2_000);
  });

  it('is measured to a date from the answer’s own, whatever our clock says', () => {
    const at = (ms: number) => new Date(ms).toUTCString();
    expect(asked({ 'retry-after': at(60_000), date: at(50_000) })).toBe(10_000);
    expect(asked({ 'Retry-After': at(60_000), Date: at(60_000) })).toBe(0);
    expect(asked({ 'retry-after': at(60_000), date: at(61_000) })).toBe(0);
    expect(asked({ 'retry-after': '7', date: at(0) })).toBe(7_000);
    expect(asked({ 'retry-after': at(Date.now() + 60_000), date: 'nonsense' })).toBeGreaterThan(58_000);
  });

  it.each<[string, unknown]>([
    ['ky, ofetch', { response: new Response('', { headers: { 'Retry-After': '7' } }) }],
    ['undici', { headers: { 'retry-after': '7' } }],
    ['the response itself', new Response('', { headers: { 'Retry-After': '7' } })],
  ])('is read in the errors of other clients: %s', (_, error) => {
    expect(askedDelay(error)).toBe(7_000);
  });

  it('counts for no more than five minutes: more is a unit mistaken', () => {
    expect(asked({ 'retry-after': '300' })).toBe(300_000);
    expect(asked({ 'retry-after': '301' })).toBe(300_000);
    expect(asked({ 'x-ratelimit-retry-after': '86400000' })).toBe(300_000);
    expect(asked({ 'retry-after': new Date(Date.now() + 86_400_000).toUTCString() })).toBe(300_000);
  });

  it.each([
    {},
    { 'retry-after': '0' },
    { 'retry-after': '-5' },
    { 'retry-after': 'soon' },
    { 'retry-after': '' },
    { 'retry-after': '1e999' },
  ])('is none in %j', (headers) => {
    expect(asked(headers)).toBe(0);
  });

  it.each([undefined, null, 'text', new Error('x'), { response: null }, { response: {} }])(
    'is none where nothing answered: %p',
    (error) => {
      expect(askedDelay(error)).toBe(0);
    },
  );
});

describe('holding off', () => {
  it('lasts longer with each failure, and is over when told', () => {
    jest.spyOn(Math, 'random').mockReturnValue(0.123);
    const holdOff = new HoldOff(BACKOFF);
    expect(holdOff.remaining(0)).toBe(0);
    expect(holdOff.failed(0, false, 1_000)).toBe(103);
    expect([1_000, 1_050, 1_103, 9_000].map((now) => holdOff.remaining(now))).toEqual([103, 53, 0, 0]);
    expect(holdOff.failed(0, false, 2_000)).toBe(308);
    expect([holdOff.failures, holdOff.remaining(2_000)]).toEqual([2, 308]);
    holdOff.reset();
    expect([holdOff.failures, holdOff.remaining(2_000)]).toEqual([0, 0]);
    expect(holdOff.failed(0, false, 3_000)).toBe(103);
    jest.restoreAllMocks();
  });

  it('lasts as long as the server asks, and never less than the first delay', () => {
    const holdOff = new HoldOff(BACKOFF);
    expect(holdOff.failed(7_000, false, 0)).toBe(7_000);
    expect(holdOff.remaining(6_999)).toBe(1);
    expect(holdOff.failed(1, false, 0)).toBe(100);
  });

  it('is over when it is ended, and the failures still count', () => {
    const holdOff = new HoldOff(BACKOFF);
    holdOff.failed(7_000, false, 0);
    holdOff.end();
    expect([holdOff.remaining(0), holdOff.failures]).toEqual([0, 1]);
    expect(holdOff.failed(0, false, 0)).toBeGreaterThanOrEqual(300);
  });

  it('is ended by being online again if the network began it, and no server asked for it', () => {
    const holdOff = new HoldOff(BACKOFF);
    expect(holdOff.offline).toBe(false);
    const begunBy = ([asked, offline]: [number, boolean]) => {
      holdOff.failed(asked, offline, 0);
      return holdOff.offline;
    };
    const all: [number, boolean][] = [
      [0, true],
      [0, false],
      [0, true],
      [7_000, true],
    ];
    expect(all.map(begunBy)).toEqual([true, false, true, false]);
  });
});

describe('L12 the wall clock', () => {
  it.each([-3_600_000, 3_600_000])('neither ends nor prolongs a hold-off when it jumps by %i ms', async (jump) => {
    const clock = fakeClock();
    try {
      // A server's doing: being asked to refresh ends a hold-off that the network began.
      const down = Object.assign(new Error('down'), { response: { status: 503 } });
      const source = jest.fn(() => Promise.reject(down));
      const backoff = { initial: 10_000, cap: 10_000 };
      const session = createSession({ source, tokens: 'a', refreshRetries: 0, backoff });
      await session.refresh().catch(() => {});
      clock.jump(jump);
      await clock.advance(9_900);
      await session.refresh().catch(() => {});
      expect(source).toHaveBeenCalledTimes(1);
      await clock.advance(200);
      await session.refresh().catch(() => {});
      expect(source).toHaveBeenCalledTimes(2);
      void session.close();
    } finally {
      clock.restore();
    }
  });
});
