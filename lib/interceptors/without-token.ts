import type { AxiosResponse } from 'axios';
import { forRequest } from '../errors.js';
import type { SkipReason } from '../session/events.js';
import { adapterOf } from './axios-copies.js';
import { prepareBody, restoreBody } from './body.js';
import { requestInfo } from './config.js';
import type { Exchange } from './exchange.js';
import { signedOutError } from './session-of.js';
import { unsent } from './transmit.js';

/** Sends a request as bare axios would. @throws ERR_BEARER_SIGNED_OUT where `whenSignedOut` says so */
export function sendWithout(exchange: Exchange, reason: SkipReason): Promise<AxiosResponse> {
  const { installation, requests, config } = exchange;
  if (reason === 'signed-out' && installation.settings.whenSignedOut === 'reject') {
    throw forRequest(signedOutError(requests), config);
  }
  requests?.emit('skipped', () => ({ ...requestInfo(config), reason }));
  const prepared = prepareBody(exchange);
  const send = () => adapterOf(config, installation.instance)(config);
  if (!prepared) return send();
  const answered = (response: AxiosResponse) => {
    restoreBody(exchange);
    return response;
  };
  return prepared.then(send).then(answered, (error) => unsent(exchange, error));
}
