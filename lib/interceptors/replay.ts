import { AxiosHeaders, type AxiosResponse, isCancel } from 'axios';
import type { Current } from '../state.js';
import { isUsedUp, remakeBody, transform } from './body.js';
import { type Config, type Journey, journeyOf, requestInfo } from './config.js';
import { throwIfCanceled } from './patience.js';
import { arm, disarm, throughGate } from './wire.js';

/** What came back. An adapter's own error goes with it, to be thrown as it is if nothing can be done. */
export interface Answer {
  response: AxiosResponse;
  error?: unknown;
}

/**
 * Sends a request again, straight to its adapter: no interceptor sees it twice, nothing is merged twice. What axios
 * does around an adapter is done here.
 *
 * @throws what has no answer in it
 */
export async function replay(journey: Journey, config: Config, renewed: Current): Promise<Answer> {
  journey.replays++;
  journey.sent = renewed;
  const { session, replays } = journey;
  const { transformRequest, transformResponse } = journey.config;
  Object.assign(config, { transformRequest, transformResponse });
  if (isUsedUp(config, journey)) await remakeBody(config, journey);
  arm(config, journey);
  session.emit('replayed', () => ({ ...requestInfo(config), generation: renewed.generation, replay: replays }));
  try {
    return { response: received(config, journey, await throughGate(config, journey)) };
  } catch (error) {
    const { response } = (error ?? {}) as { response?: AxiosResponse };
    if (!response?.config || isCancel(error)) throw error;
    return { response: received(config, journey, response), error };
  } finally {
    disarm(config, journey);
  }
}

/** The config is the caller's own, or a copy of it that an interceptor made; a copy without us is no config to send again. */
export function bringHome(answer: { config?: Config | undefined }, journey: Journey): void {
  if (!answer.config || journeyOf(answer.config) !== journey) answer.config = journey.config;
  disarm(answer.config, journey);
}

function received(config: Config, journey: Journey, response: AxiosResponse): AxiosResponse {
  throwIfCanceled(config);
  bringHome(response, journey);
  response.headers = AxiosHeaders.from(response.headers as never);
  response.data = transform(config.transformResponse, config, response);
  return response;
}
