import axios, { type AxiosInstance } from 'axios';
import type { Session } from 'axios-bearer';
import { installClock } from '../support/kit.js';

// Longer than any bound that the options state, retries and all.
const LONGEST = 10 * 60_000;
// Short beside `refreshTimeout`: what goes on the wire in the middle of a step must not miss its deadline by it.
const STEP = 2_000;

/** A fake clock that advances while a test waits, but never while a request is on the wire. */
export function advancingClock() {
  const clock = installClock();
  const http = axios.getAdapter('http');
  let onWire = 0;
  const waitingForTheWire: (() => void)[] = [];

  const instanceOf = (session: Session, baseURL: string): AxiosInstance => {
    const api = axios.create({
      baseURL,
      adapter: async (config) => {
        onWire += 1;
        return http(config).finally(() => {
          onWire -= 1;
          if (!onWire) for (const go of waitingForTheWire.splice(0)) go();
        });
      },
    });
    session.install(api);
    return api;
  };

  /** @throws L24, if it does not settle */
  const wait = async <T>(promise: Promise<T>): Promise<T> => {
    let over = false;
    const end = () => {
      over = true;
    };
    const settled = promise.then(end, end);
    let passed = 0;
    while (!over && passed < LONGEST) {
      await new Promise((resolve) => setImmediate(resolve));
      if (over) break;
      if (onWire) {
        await Promise.race([settled, new Promise<void>((resolve) => waitingForTheWire.push(resolve))]);
        continue;
      }
      await clock.advance(STEP);
      passed += STEP;
    }
    if (!over) throw new Error(`L24 it has not settled after ${LONGEST} ms`);
    return promise;
  };
  /** Lets so much time pass. */
  const pass = (ms: number) => wait(new Promise((resolve) => setTimeout(resolve, ms)));

  return { clock, instanceOf, wait, pass };
}
