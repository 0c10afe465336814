import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Clock, fakeClock, startApiVideo } from 'axios-bearer/testing';
import { wait } from '../../lib/testing/script/real-time.js';
import { clientOf } from './client.js';

const HOUR = 3_600_000;
const RealDate = Date;
const realSetTimeout = setTimeout;

let clock: Clock;
beforeEach(() => {
  clock = fakeClock();
});
afterEach(() => clock.restore());

describe('a fake clock', () => {
  it('starts at the present', () => {
    expect(Math.abs(clock.now() - RealDate.now())).toBeLessThan(1000);
    expect(clock.now()).toBe(Date.now());
  });

  it('advances: timers fire in order, and promises settle in between', async () => {
    const from = Date.now();
    const seen: string[] = [];
    setTimeout(() => seen.push('late'), 2 * HOUR);
    setTimeout(async () => {
      seen.push('early');
      await null;
      seen.push(`settled after ${Math.floor((Date.now() - from) / HOUR)} h`);
      setTimeout(() => seen.push('set meanwhile'), 1);
    }, HOUR);
    await clock.advance(2 * HOUR);
    expect(seen).toEqual(['early', 'settled after 1 h', 'set meanwhile', 'late']);
  });

  it.each([24 * HOUR, -24 * HOUR])('jumps by %i ms without moving a timer', async (ms) => {
    let fired = false;
    setTimeout(() => {
      fired = true;
    }, HOUR);
    const before = clock.now();
    clock.jump(ms);
    expect(Date.now() - before).toBe(ms);
    await clock.advance(HOUR - 60_000);
    expect(fired).toBe(false);
    await clock.advance(60_000);
    expect(fired).toBe(true);
  });

  it('goes on by itself', async () => {
    await new Promise((resolve) => setTimeout(resolve, 30));
  });

  it('clears its own timers, and those set before it came', async () => {
    clock.restore();
    let fired = 0;
    const before = setTimeout(() => {
      fired += 1;
    }, 5);
    clock = fakeClock();
    clearTimeout(before);
    clearTimeout(
      setTimeout(() => {
        fired += 1;
      }, 5),
    );
    await clock.advance(HOUR);
    await new Promise((resolve) => realSetTimeout(resolve, 10));
    expect(fired).toBe(0);
  });

  it('gives the real time back, once or often', () => {
    clock.restore();
    clock.restore();
    expect([Date, setTimeout]).toEqual([RealDate, realSetTimeout]);
    expect(Date).toBe(RealDate);
  });

  it('leaves a successor alone when it is restored once more', () => {
    clock.restore();
    const successor = fakeClock();
    clock.restore();
    expect(Date).not.toBe(RealDate);
    successor.restore();
  });

  it('refuses to be installed twice', () => {
    expect(() => fakeClock()).toThrow(TypeError);
  });

  it('does not hurry the server’s latency', async () => {
    let over = false;
    wait(HOUR).then(() => {
      over = true;
    });
    await clock.advance(2 * HOUR);
    expect(over).toBe(false);
  });

  it('moves the server’s clock too, while its sockets and latency stay real', async () => {
    const server = await startApiVideo({ latency: 10, expiresIn: 3600 });
    const api = clientOf(server, server.issue().access_token);
    expect((await api.get('/echo')).status).toBe(200);
    await clock.advance(HOUR);
    expect((await api.get('/echo')).status).toBe(401);
    clock.jump(-HOUR);
    expect((await api.get('/echo')).status).toBe(200);
    await server.close();
  });
});
