import type { AxiosResponse } from 'axios';
import { isThenable } from '../platform/thenable.js';
import type { Current, Found, Need } from '../session/current.js';
import { withCancellation } from './cancellation.js';
import { optionsOf } from './config.js';
import type { Exchange } from './exchange.js';

type Act = (exchange: Exchange, current: Current) => Promise<AxiosResponse>;

/** Through the gate, with the token of the moment at which the turn comes. */
export function inTurn(exchange: Exchange, found: Current, act: Act): Promise<AxiosResponse> {
  const { installation, requests, config } = exchange;
  let begin!: (current: Current | undefined | PromiseLike<Current | undefined>) => void;
  const need: Need = { minValidity: optionsOf(config).minValidity };
  let isWaiting = false;
  const turn = new Promise<Current | undefined>((resolve) => {
    begin = resolve;
  });
  const leave = () => {
    need.hasLeft = true;
    if (isWaiting) requests.stopWaiting();
  };
  const sent = withCancellation(turn, config, exchange.since, leave).then((current) =>
    act(exchange, requests.held(current)),
  );
  installation.gate.pass(exchange.turn, () => {
    if (need.hasLeft) return Promise.resolve();
    const now = tokenNow(exchange, found, need);
    // The token may have been refused, or have ended, while others had their turn.
    isWaiting = isThenable(now);
    begin(now);
    return sent;
  });
  return sent;
}

function tokenNow({ requests, refusal }: Exchange, found: Current, need: Need): Found {
  try {
    if (found !== refusal?.before) return requests.tokenNow(found, need);
    // The token before was chosen for it, as the current one was refused.
    requests.assertSame(found);
    return found;
  } catch (error) {
    return Promise.reject(error);
  }
}
