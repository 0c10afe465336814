import { isDeepStrictEqual } from 'node:util';
import { type ApiVideo, startApiVideo, type TokenAnswer } from 'axios-bearer/testing';
import { ENTRIES } from './project.js';

/** What an app is given: where the API is, and tokens that it refuses by now. */
export interface Given {
  baseURL: string;
  tokens: TokenAnswer;
}

const RIGHT = { statuses: [200, 200, 201], title: 'arrived whole', session: 'active', entries: ENTRIES.length };

/**
 * Lets an app recover from a 401 on a server of its own, with refresh tokens that rotate and reuse detection.
 *
 * @param play returns what the app printed: its outcome as JSON, in the last line
 * @throws what was wrong
 */
export async function recovers(play: (given: Given, server: ApiVideo) => Promise<string>): Promise<void> {
  const server = await startApiVideo();
  try {
    const tokens = server.issue();
    server.expire();
    const printed = await play({ baseURL: server.url, tokens }, server);
    const outcome = JSON.parse(printed.trim().split('\n').pop() ?? '');
    if (!isDeepStrictEqual(outcome, RIGHT)) throw new Error(`the outcome was ${JSON.stringify(outcome)}`);
    const { refresh, reuse, unauthorized } = server.stats;
    if (refresh !== 1 || reuse !== 0 || unauthorized === 0)
      throw new Error(`the server counted ${JSON.stringify(server.stats)}`);
  } finally {
    await server.close();
  }
}

/** @throws with `message` unless it is so */
export function must(isSo: boolean, message: string): void {
  if (!isSo) throw new Error(message);
}
