import { inspect } from 'node:util';
import type { AxiosError } from 'axios';
import { bearer } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { type Act, exactly, succeeded, upTo } from '../act.js';
import { paint } from '../phases.js';

const POLLS = 20;

export const always401: Act = {
  letter: 'g',
  headline: 'A server that always says 401: 20 polls in a row, and no storm',
  lead: 1, // the only one that refreshes

  async play(show) {
    const { server, api, get } = await show.scene({ latency: 15, refreshLatency: 30 });
    const session = bearer(api, {
      tokens: server.issue(),
      source: apiVideo({ baseURL: server.url }),
      backoff: { initial: 50, cap: 400 }, // a fifth of the default, for a show of some seconds
    });
    let opened = 0;
    session.on('breakerOpen', () => {
      opened++;
    });

    const errors: (AxiosError | undefined)[] = [];
    for (const poll of upTo(POLLS)) errors.push(await get('/always-401', { poll }));
    const { requests, refresh } = server.stats;
    const healthy = await get('/videos', { page: 1 });

    session.close();
    show.say('poll 1 tries two new tokens, the first of them three times. Both are refused:');
    show.say('from then on each 401 of this URL is handed on at once, with no refresh.');
    const caught = errors.at(-1);
    for (const line of asCaught(caught)) show.say(line);
    return {
      claims: [
        exactly(
          "polls handed the server's own 401",
          POLLS,
          errors.filter((error) => error?.response?.status === 401).length,
        ),
        exactly('refreshes for all of them', 2, refresh),
        exactly('requests for all of them', 5 + POLLS - 1, requests - refresh),
        exactly('openings of the breaker', 0, opened),
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
