import { describe, expect, it } from '@jest/globals';
import { Breaker } from '../../lib/session/breaker.js';

const breakerOf = (limit = 2) => new Breaker({ limit, interval: 1_000 });

describe('L7 Refreshes that did not help', () => {
  it('L7 are counted once each, however many requests say so', () => {
    const breaker = breakerOf();
    expect([breaker.noHelp(1, 100), breaker.noHelp(1, 100), breaker.noHelp(1, 300)]).toEqual([true, false, false]);
    expect(breaker.openFor(300)).toBe(0);
    expect([breaker.noHelp(2, 400), breaker.noHelp(2, 400)]).toEqual([true, false]);
    expect(breaker.openFor(400)).toBe(700);
  });

  it('L7 open the breaker for an interval from the first of so many', () => {
    const breaker = breakerOf();
    expect(breaker.openFor(0)).toBe(0);
    breaker.noHelp(1, 100);
    expect(breaker.openFor(100)).toBe(0);
    breaker.noHelp(2, 400);
    expect([400, 1_099, 1_100, 1_400].map((now) => breaker.openFor(now))).toEqual([700, 1, 0, 0]);
  });

  it('L7 are counted back from the last of more than so many', () => {
    const breaker = breakerOf();
    breaker.noHelp(1, 0);
    breaker.noHelp(2, 100);
    breaker.noHelp(3, 300);
    expect(breaker.openFor(300)).toBe(800);
  });

  it('L7 open it again when one more comes within an interval of the latest', () => {
    const breaker = breakerOf();
    breaker.noHelp(1, 0);
    breaker.noHelp(2, 900);
    expect(breaker.openFor(1_000)).toBe(0);
    expect(breaker.noHelp(3, 1_000)).toBe(true);
    expect(breaker.openFor(1_000)).toBe(900);
  });

  it('L7 open it at the first, where one is all that is borne', () => {
    const breaker = breakerOf(1);
    breaker.noHelp(1, 0);
    expect([breaker.openFor(0), breaker.openFor(999), breaker.openFor(1_000)]).toEqual([1_000, 1, 0]);
  });

  it('L7 are those of the latest token that a refresh made, and counted anew with each', () => {
    const breaker = breakerOf();
    breaker.made(1, 0);
    expect([breaker.noHelp(1, 0), breaker.noHelp(1, 0)]).toEqual([true, false]);
    breaker.made(2, 0);
    expect([breaker.noHelp(2, 1), breaker.noHelp(2, 1)]).toEqual([true, false]);
    expect(breaker.openFor(1)).toBe(999);
  });

  it('L7 stay counted when a token is accepted: accepted requests or not', () => {
    const breaker = breakerOf();
    breaker.made(1, 0);
    breaker.noHelp(1, 0);
    breaker.made(2, 0);
    breaker.accepted(2);
    breaker.noHelp(2, 100);
    expect(breaker.openFor(100)).toBe(900);
  });
});

describe('L6 A token just made', () => {
  it('L6 is unproven until a request with it is accepted', () => {
    const breaker = breakerOf();
    expect(breaker.isUnproven(1)).toBe(false);
    breaker.made(1, 0);
    expect([breaker.isUnproven(1), breaker.isUnproven(2)]).toEqual([true, false]);
    breaker.accepted(1);
    expect(breaker.isUnproven(1)).toBe(false);
  });

  it('L6 is new for an interval, or until a request with it is accepted', () => {
    const breaker = breakerOf();
    breaker.made(1, 500);
    expect([500, 1_499, 1_500].map((now) => breaker.isNew(1, now))).toEqual([true, true, false]);
    breaker.accepted(1);
    expect(breaker.isNew(1, 500)).toBe(false);
  });

  it('L6 is new no more once it is known that making it did not help', () => {
    const breaker = breakerOf();
    breaker.made(1, 500);
    breaker.noHelp(1, 500);
    expect([breaker.isNew(1, 500), breaker.isUnproven(1)]).toEqual([false, true]);
  });

  it('L6 is not proven by a request with another one', () => {
    const breaker = breakerOf();
    breaker.made(2, 0);
    breaker.accepted(1);
    expect(breaker.isUnproven(2)).toBe(true);
  });

  it('L6 is the latest only', () => {
    const breaker = breakerOf();
    breaker.made(1, 0);
    breaker.made(2, 0);
    expect([breaker.isUnproven(1), breaker.isUnproven(2)]).toEqual([false, true]);
  });
});
