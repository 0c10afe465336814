import type { AxiosResponse } from 'axios';
import { bearerError, forRequest, isBearerError } from '../errors.js';
import type { Current } from '../state.js';
import { canSendAgain, restoreBody } from './body.js';
import { isTokenRefused } from './challenge.js';
import { type Config, type Guard, type Journey, journeyOf, requestInfo } from './config.js';
import { patient } from './patience.js';
import { redact } from './redact.js';
import { type Answer, replay } from './replay.js';
import { disarm, settle, sternly } from './wire.js';

/** The response interceptor's way for answers. */
export function arrived(guard: Guard, response: AxiosResponse): AxiosResponse | Promise<AxiosResponse> {
  const journey = comeHome(guard, response?.config);
  if (!journey) return sternly(guard, response);
  if (response.status === 401 || guard.settings.shouldRefresh) return recover(journey, { response });
  journey.session.helped(journey.sent);
  restoreBody(response.config, journey);
  return response;
}

/** The response interceptor's way for errors. */
export function failed(guard: Guard, error: unknown): Promise<AxiosResponse> {
  const { config, response } = (error ?? {}) as { config?: Config; response?: AxiosResponse };
  const journey = comeHome(guard, config ?? response?.config);
  if (!journey) return Promise.reject(error);
  if (response?.config) return recover(journey, { response, error });
  if (config) restoreBody(config, journey);
  return Promise.reject(redact(error, guard));
}

/** Only a request that we gave a token is ours to mend, and only once per journey. */
function comeHome(guard: Guard, config: Config | undefined): Journey | undefined {
  const journey = journeyOf(config);
  if (!config || !journey || journey.home || journey.guard !== guard) return undefined;
  journey.home = true;
  disarm(config, journey);
  return journey;
}

/** Refresh and replay, until the answer is no refusal of the token or nothing more can be done. */
async function recover(journey: Journey, answer: Answer): Promise<AxiosResponse> {
  try {
    for (;;) {
      const renewed = await remedy(journey, answer.response);
      if (!renewed) break;
      answer = await replay(journey, answer.response.config, renewed);
    }
    if (answer.error) throw answer.error;
    return settle(answer.response);
  } catch (error) {
    throw redact(
      isBearerError(error) && !error.config ? forRequest(error, answer.response.config, answer.response) : error,
      journey.guard,
    );
  } finally {
    restoreBody(answer.response.config, journey);
  }
}

/** The token to send it again with; `undefined`: the answer is handed on. */
async function remedy(journey: Journey, response: AxiosResponse): Promise<Current | undefined> {
  const { session, sent, options, guard, replays } = journey;
  const { maxReplays, shouldRefresh = isTokenRefused } = guard.settings;
  if (!(await shouldRefresh(response))) return void session.helped(sent);
  if (replays > 0 && replays >= maxReplays) return void session.noHelp(sent);

  const found = session.recover(sent, replays);
  const replaying = options.replay !== false && maxReplays > 0;
  if (!found || !replaying || !canSendAgain(response.config, journey)) {
    // The session is refreshed all the same, for whoever comes next.
    if (found instanceof Promise) found.catch(() => {});
    if (!found || !replaying) return undefined;
    throw bearerError(
      'ERR_BEARER_BODY',
      'The body is a stream, which can be sent only once. Wrap it, replayable(() => body), to have the request replayed',
    );
  }
  return renewedToken(journey, response, found);
}

async function renewedToken(
  journey: Journey,
  response: AxiosResponse,
  found: Current | Promise<Current | undefined>,
): Promise<Current | undefined> {
  const { session, sent, since } = journey;
  const { config, data } = response;
  // An unread body keeps its socket, which may be the only one: the refresh would wait for it.
  discard(data);
  if (found instanceof Promise) session.emit('waiting', () => ({ ...requestInfo(config), after: '401' }));
  const renewed = found instanceof Promise ? await patient(found, config, since) : found;
  const { accessToken } = sent.token;
  if (renewed && accessToken && renewed.token.accessToken === accessToken) return void session.noHelp(renewed);
  return renewed;
}

/** Ends a streamed body, node's or the web's. */
function discard(data: unknown): void {
  const body = data as {
    destroy?: () => void;
    cancel?: () => Promise<void>;
    pipe?: unknown;
    getReader?: unknown;
  } | null;
  if (typeof body?.pipe === 'function') body.destroy?.();
  if (typeof body?.getReader === 'function') body.cancel?.().catch(() => {});
}
