import { describe, expect, it, jest } from '@jest/globals';
import { askedDelay, Breaker, delayAfter, HoldOff } from '../lib/backoff.js';

const BACKOFF = { initial: 100, factor: 3, cap: 5_000 };

describe('the delay between attempts', () => {
  it('grows by the factor, with up to a fifth on top, to the cap', () => {
    expect([1, 2, 3, 4, 5].map((failures) => delayAfter(failures, BACKOFF, 0))).toEqual([100, 300, 900, 2_700, 5_000]);
    expect(delayAfter(1, BACKOFF, 1)).toBeCloseTo(120);
    expect(delayAfter(4, BACKOFF, 0.5)).toBeCloseTo(2_970);
    expect(delayAfter(5, BACKOFF, 1)).toBe(5_000);
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

  it.each([{}, { 'retry-after': '0' }, { 'retry-after': 'soon' }, { 'retry-after': '' }, { 'retry-after': '1e999' }])(
    'is none in %j',
    (headers) => {
      expect(asked(headers)).toBe(0);
    },
  );

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
    expect(holdOff.left(0)).toBe(0);
    expect(holdOff.failed(0, 1_000)).toBe(103);
    expect([1_000, 1_050, 1_103, 9_000].map((now) => holdOff.left(now))).toEqual([103, 53, 0, 0]);
    expect(holdOff.failed(0, 2_000)).toBe(308);
    expect([holdOff.failures, holdOff.left(2_000)]).toEqual([2, 308]);
    holdOff.over();
    expect([holdOff.failures, holdOff.left(2_000)]).toEqual([0, 0]);
    expect(holdOff.failed(0, 3_000)).toBe(103);
    jest.restoreAllMocks();
  });

  it('lasts as long as the server asks, and never less than the first delay', () => {
    const holdOff = new HoldOff(BACKOFF);
    expect(holdOff.failed(7_000, 0)).toBe(7_000);
    expect(holdOff.left(6_999)).toBe(1);
    expect(holdOff.failed(1, 0)).toBe(100);
  });

  it('is over for a clock that was set back', () => {
    const holdOff = new HoldOff(BACKOFF);
    holdOff.failed(7_000, 1_000);
    expect(holdOff.left(999)).toBe(0);
  });
});

describe('refreshes that did not help', () => {
  const breakerOf = () => new Breaker<string>({ limit: 2, interval: 1_000 });

  it('are counted once each, and open the breaker for an interval from the first of so many', () => {
    const breaker = breakerOf();
    expect([breaker.count(0), breaker.openFor(0)]).toEqual([0, 0]);
    expect(breaker.noHelp('a', 100)).toBe(true);
    expect(breaker.noHelp('a', 100)).toBe(false);
    expect([breaker.count(100), breaker.openFor(100)]).toEqual([1, 0]);
    expect(breaker.noHelp('b', 400)).toBe(true);
    expect([breaker.count(400), breaker.openFor(400)]).toEqual([2, 700]);
    expect([breaker.count(1_099), breaker.openFor(1_099)]).toEqual([2, 1]);
    expect([breaker.count(1_100), breaker.openFor(1_100)]).toEqual([1, 0]);
    expect(breaker.count(1_400)).toBe(0);
  });

  it('count from the last of more than so many', () => {
    const breaker = breakerOf();
    for (const [token, at] of [
      ['a', 0],
      ['b', 100],
      ['c', 300],
    ] as const)
      breaker.noHelp(token, at);
    expect(breaker.openFor(300)).toBe(800);
  });

  it('are forgotten when the clock is set back before them', () => {
    const breaker = breakerOf();
    breaker.noHelp('a', 5_000);
    breaker.noHelp('b', 5_001);
    expect([breaker.count(5_000), breaker.count(4_999), breaker.openFor(4_999)]).toEqual([1, 0, 0]);
    breaker.noHelp('c', 10);
    expect(breaker.count(5_001)).toBe(0);
  });

  it('are those of tokens of which nobody has said that they helped', () => {
    const breaker = breakerOf();
    expect(breaker.isUnproven('a')).toBe(false);
    breaker.made('a');
    expect([breaker.isUnproven('a'), breaker.isUnproven('b')]).toEqual([true, false]);
    breaker.helped('b');
    expect(breaker.isUnproven('a')).toBe(true);
    breaker.helped('a');
    expect(breaker.isUnproven('a')).toBe(false);
  });
});
