import { inspect } from 'node:util';
import type { AxiosError } from 'axios';
import { bearer } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { type Act, atMost, exactly, succeeded, upTo } from '../act.js';
import { paint } from '../phases.js';

const POLLS = 20;

export const always401: Act = {
  letter: 'f',
  headline: 'A server that always says 401: 20 polls in a row, and no storm',
  lead: 5, // all that the breaker still lets refresh

  async play(show) {
    const { server, api, get } = await show.scene({ latency: 15, refreshLatency: 30 });
    const session = bearer(api, {
      tokens: server.issue(),
      source: apiVideo({ baseURL: server.url }),
      backoff: { initial: 50, cap: 400 }, // a fifth of the default, for a show of some seconds
    });
    let opened = 0;
    session.on('breakerOpen', ({ retryAfter }) => {
      opened++;
      show.say(`breaker open: no 401 starts a refresh for another ${Math.round(retryAfter / 1_000)} s`);
    });

    const errors: (AxiosError | undefined)[] = [];
    for (const poll of upTo(POLLS)) errors.push(await get('/always-401', { poll }));
    const { requests, refresh } = server.stats;
    const healthy = await get('/videos', { page: 1 });

    session.close();
    const caught = errors.at(-1);
    for (const line of asCaught(caught)) show.say(line);
    return {
      claims: [
        exactly(
          "polls handed the server's own 401",
          POLLS,
          errors.filter((error) => error?.response?.status === 401).length,
        ),
        atMost('refreshes for all of them', 6, refresh),
        atMost('requests for all of them', POLLS + 6, requests - refresh),
        exactly('opening of the breaker', 1, opened),
        exactly('other route, still served', 1, succeeded([healthy])),
        exactly('tokens in the error, printed', 0, tokensIn(inspect(caught) + JSON.stringify(caught))),
      ],
    };
  },
};

/** What `catch` gets, as a person meets it. */
function asCaught(error: AxiosError | undefined): string[] {
  return [
    `what the caller catches: ${paint.red(String(error))}`,
    `  error.code ${error?.code}   error.response.status ${error?.response?.status}`,
    `  error.response.data.detail ${inspect((error?.response?.data as { detail?: string })?.detail)}`,
  ];
}

function tokensIn(text: string): number {
  return text.match(/\b[ar]t_[\w-]{8,}/g)?.length ?? 0;
}
