import { type AxiosResponse, isCancel } from 'axios';
import type { Current } from '../session/current.js';
import { isUsedUp, remakeBody, transform } from './body.js';
import { type Config, type Journey, journeyOf, requestInfo } from './config.js';
import { ownHeaders, throughGate } from './gate.js';
import { patient, throwIfCanceled } from './patience.js';
import { arm, disarm } from './wire.js';

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
  const { session, replays, since, guard } = journey;
  const { beforeReplay } = guard.settings;
  const { transformRequest, transformResponse } = journey.config;
  Object.assign(config, { transformRequest, transformResponse });
  if (isUsedUp(config, journey)) await remakeBody(config, journey);
  if (beforeReplay) config = await patient(beforeReplay(config), config, since);
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

/**
 * The config is the caller's own, or the copy that axios made of it. A copy without us is no config to send again, nor is
 * one that an adapter has rewritten: it would rewrite it twice.
 */
export function bringHome(answer: { config?: Config | undefined }, journey: Journey): void {
  const { config } = answer;
  if (!config || journeyOf(config) !== journey || isRewritten(config, journey.config)) answer.config = journey.config;
  disarm(answer.config as Config, journey);
}

function isRewritten(config: Config, own: Config): boolean {
  return (['url', 'baseURL', 'method', 'params'] as const).some((key) => config[key] !== own[key]);
}

function received(config: Config, journey: Journey, response: AxiosResponse): AxiosResponse {
  throwIfCanceled(config);
  bringHome(response, journey);
  response.headers = ownHeaders(response.headers);
  response.data = transform(config.transformResponse, config, response);
  return response;
}
