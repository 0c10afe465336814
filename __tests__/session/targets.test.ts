import { describe, expect, it } from '@jest/globals';
import { type RequestLine, Targets } from '../../lib/session/targets.js';

const INTERVAL = 1_000;
const VIDEOS = 'get https://api.example/videos/*';
const LIVE = 'get https://api.example/live-streams';

const targetsOf = () => new Targets(INTERVAL);
const targetOf = ({ method, url = '' }: RequestLine) => `${method} https://api.example${url.replace(/\/\d+/, '/*')}`;
const accept = (targets: Targets, url: string, method = 'get') => targets.accepted({ method, url }, targetOf);

/** One that has refused two new tokens at 0. */
function marked(target = VIDEOS): Targets {
  const targets = targetsOf();
  targets.refused(target, 1, false, 0);
  targets.refused(target, 2, false, 0);
  return targets;
}

/** So many others have refused a new token. */
function refuseOthers(targets: Targets, from: number, to: number): void {
  for (let i = from; i < to; i += 1) targets.refused(`get https://api.example/others/of-${i}`, 1, false, 0);
}

describe('L7 A target is marked', () => {
  it('L7 after two tokens that were new, and not after one', () => {
    const targets = targetsOf();
    expect(targets.isMarked(VIDEOS, 0)).toBe(false);
    targets.refused(VIDEOS, 1, false, 0);
    expect(targets.isMarked(VIDEOS, 0)).toBe(false);
    targets.refused(VIDEOS, 2, false, 10);
    expect(targets.isMarked(VIDEOS, 10)).toBe(true);
  });

  it('L7 not by one token, however many requests were refused with it', () => {
    const targets = targetsOf();
    for (let i = 0; i < 10; i += 1) targets.refused(VIDEOS, 1, false, i);
    expect(targets.isMarked(VIDEOS, 10)).toBe(false);
  });

  it('L7 after one token that others’ requests were accepted with', () => {
    const targets = targetsOf();
    targets.refused(VIDEOS, 1, true, 0);
    expect(targets.isMarked(VIDEOS, 0)).toBe(true);
  });

  it('L7 alone: no other one is', () => {
    const targets = marked();
    targets.refused(LIVE, 2, false, 0);
    expect([targets.isMarked(VIDEOS, 0), targets.isMarked(LIVE, 0)]).toEqual([true, false]);
  });
});

describe('L7 Of a token that was made for a target', () => {
  it('L7 it is known for an interval that it was, for this target alone', () => {
    const targets = targetsOf();
    targets.made(VIDEOS, { brought: { generation: 2 } }, 0);
    expect([0, INTERVAL - 1, INTERVAL].map((now) => targets.wasMadeFor(VIDEOS, 2, now))).toEqual([true, true, false]);
    expect([targets.wasMadeFor(VIDEOS, 1, 0), targets.wasMadeFor(LIVE, 2, 0)]).toEqual([false, false]);
  });

  it('L7 nothing is known any more once a request there was accepted', () => {
    const targets = targetsOf();
    targets.made(VIDEOS, { brought: { generation: 2 } }, 0);
    accept(targets, '/live-streams');
    expect(targets.wasMadeFor(VIDEOS, 2, 0)).toBe(true);
    accept(targets, '/videos/1');
    expect(targets.wasMadeFor(VIDEOS, 2, 0)).toBe(false);
  });

  it('L23 of the least recently used of more than 100 nothing is known', () => {
    const targets = targetsOf();
    for (let i = 0; i <= 100; i += 1)
      targets.made(`get https://api.example/others/of-${i}`, { brought: { generation: 2 } }, 0);
    const known = [0, 1, 100].map((i) => targets.wasMadeFor(`get https://api.example/others/of-${i}`, 2, 0));
    expect(known).toEqual([false, true, true]);
  });
});

describe('L7 A marked target is forgotten', () => {
  it('L7 after an interval, and then takes two new tokens to be marked again', () => {
    const targets = marked();
    expect([targets.isMarked(VIDEOS, INTERVAL - 1), targets.isMarked(VIDEOS, INTERVAL)]).toEqual([true, false]);
    targets.refused(VIDEOS, 3, false, INTERVAL);
    expect(targets.isMarked(VIDEOS, INTERVAL)).toBe(false);
    targets.refused(VIDEOS, 4, false, INTERVAL);
    expect(targets.isMarked(VIDEOS, INTERVAL)).toBe(true);
  });

  it('L7 at its first accepted request', () => {
    const targets = marked();
    accept(targets, '/videos/1');
    expect(targets.isMarked(VIDEOS, 0)).toBe(false);
    targets.refused(VIDEOS, 3, false, 0);
    expect(targets.isMarked(VIDEOS, 0)).toBe(false);
  });

  it('L7 not at an accepted request of another one', () => {
    const targets = marked();
    accept(targets, '/live-streams');
    expect(targets.isMarked(VIDEOS, 0)).toBe(true);
  });

  it('L7 when it is the least recently used of more than 100', () => {
    const targets = marked();
    refuseOthers(targets, 0, 99);
    expect(targets.isMarked(VIDEOS, 0)).toBe(true);
    refuseOthers(targets, 99, 198);
    expect(targets.isMarked(VIDEOS, 0)).toBe(true);
    const untouched = marked();
    refuseOthers(untouched, 0, 100);
    expect(untouched.isMarked(VIDEOS, 0)).toBe(false);
  });

  it('L7 not while it is polled: to be found marked is to be used', () => {
    const targets = marked();
    for (let i = 0; i < 300; i += 1) {
      refuseOthers(targets, i, i + 1);
      expect(targets.isMarked(VIDEOS, 0)).toBe(true);
    }
  });
});

describe('L7 A target that has accepted a token before', () => {
  it('L7 may pass an open breaker, once per interval', () => {
    const targets = targetsOf();
    accept(targets, '/videos/1');
    expect(targets.letPass(VIDEOS, 0)).toBe(true);
    expect([1, INTERVAL - 1].map((now) => targets.letPass(VIDEOS, now))).toEqual([false, false]);
    expect([targets.letPass(VIDEOS, INTERVAL), targets.letPass(VIDEOS, INTERVAL)]).toEqual([true, false]);
  });

  it('L7 may pass it once per interval also where it accepts tokens in between', () => {
    const targets = targetsOf();
    accept(targets, '/videos/1');
    expect(targets.letPass(VIDEOS, 0)).toBe(true);
    accept(targets, '/videos/2');
    expect([targets.letPass(VIDEOS, 1), targets.letPass(VIDEOS, INTERVAL)]).toEqual([false, true]);
  });

  it('L7 may pass it though it has refused others since', () => {
    const targets = targetsOf();
    accept(targets, '/videos/1');
    targets.refused(VIDEOS, 2, false, 0);
    expect([targets.letPass(VIDEOS, 0), targets.letPass(VIDEOS, 1)]).toEqual([true, false]);
  });

  it('L7 is the only one: one that never has may not, nor one of which nothing is known', () => {
    const targets = marked();
    accept(targets, '/live-streams');
    expect([targets.letPass(VIDEOS, 0), targets.letPass('get https://api.example/none', 0)]).toEqual([false, false]);
    expect(targets.letPass(LIVE, 0)).toBe(true);
  });

  it('L7 is that also when its mark is forgotten with time', () => {
    const targets = targetsOf();
    accept(targets, '/videos/1');
    targets.refused(VIDEOS, 2, true, 0);
    expect(targets.isMarked(VIDEOS, INTERVAL)).toBe(false);
    expect(targets.letPass(VIDEOS, INTERVAL)).toBe(true);
  });
});

describe('L23 Of what was accepted', () => {
  it('L23 the latest 256 requests are remembered, one that comes again and again as one', () => {
    const targets = targetsOf();
    accept(targets, '/live-streams');
    for (let i = 0; i < 255; i += 1) accept(targets, `/videos/${i}`);
    for (let i = 0; i < 300; i += 1) accept(targets, '/videos/254');
    expect(targets.letPass(LIVE, 0)).toBe(true);
    accept(targets, '/videos/255');
    expect(targets.letPass(LIVE, INTERVAL)).toBe(false);
    expect(targets.letPass(VIDEOS, INTERVAL)).toBe(true);
  });

  it('L23 nothing is worked out before it is asked for', () => {
    const targets = targetsOf();
    targets.accepted({ method: 'get', url: '/videos/1' }, () => {
      throw new Error('not asked');
    });
    expect(targets.isMarked(VIDEOS, 0)).toBe(false);
  });
});
