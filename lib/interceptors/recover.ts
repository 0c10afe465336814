import type { AxiosResponse } from 'axios';
import { bearerError, forRequest, isBearerError } from '../errors.js';
import type { Current } from '../session/current.js';
import { isThenable } from '../thenable.js';
import { canSendAgain, restoreBody } from './body.js';
import { isTokenRefused } from './challenge.js';
import { type Config, type Journey, journeyOf, type Passage, requestInfo } from './config.js';
import { patient } from './patience.js';
import { redact } from './redact.js';
import { type Answer, bringHome, replay } from './replay.js';
import { disarm, settle } from './wire.js';

/** The response interceptor's way for answers. */
export function arrived(passage: Passage, response: AxiosResponse): AxiosResponse | Promise<AxiosResponse> {
  const journey = comeHome(passage, response?.config);
  if (!journey || !response) return response;
  if (response.status === 401 || journey.guard.settings.shouldRefresh) return recover(journey, { response });
  journey.session.requests.accepted(journey.sent);
  restoreBody(journey.config, journey);
  return response;
}

/** The response interceptor's way for errors. */
export function failed(passage: Passage, error: unknown): Promise<AxiosResponse> {
  const { config, response } = (error ?? {}) as { config?: Config; response?: AxiosResponse };
  const journey = comeHome(passage, response?.config ?? config);
  if (!journey) return Promise.reject(error);
  if (response) return recover(journey, { response, error });
  if (config) restoreBody(config, journey);
  return Promise.reject(redact(error, journey.guard));
}

/** Only a request that we gave a token is ours to mend. An adapter may answer with a config of its own, or with none. */
function comeHome({ journey, restore }: Passage, config: Config | undefined): Journey | undefined {
  if (config) restore?.(config);
  if (!journey) return undefined;
  journey.home = true;
  disarm(journey.config, journey);
  if (config && config !== journey.config && journeyOf(config) === journey) disarm(config, journey);
  return journey;
}

/** Refresh and replay, until the answer is no refusal of the token or nothing more can be done. */
async function recover(journey: Journey, answer: Answer): Promise<AxiosResponse> {
  try {
    while (await isRefused(journey, answer.response)) {
      bringHome(answer.response, journey);
      const found = remedy(journey);
      const renewed = isThenable(found) ? await awaited(journey, answer.response, found) : found;
      if (!renewed || isTheSame(journey, renewed)) break;
      assertSendable(answer.response.config, journey);
      // An unread body keeps its socket, which may be the only one.
      discard(answer.response.data);
      answer = await replay(journey, answer.response.config, renewed);
    }
    if (answer.error) throw answer.error;
    return journey.asked ? settle(answer.response, journey.own.validateStatus) : answer.response;
  } catch (error) {
    const ours = isBearerError(error) && !error.config;
    throw redact(ours ? forRequest(error, answer.response.config, answer.response) : error, journey.guard);
  } finally {
    restoreBody(answer.response.config ?? journey.config, journey);
  }
}

/** Would a new token mend it? */
function isRefused(
  { guard, session, sent, since, config }: Journey,
  response: AxiosResponse,
): boolean | Promise<boolean> {
  const { shouldRefresh } = guard.settings;
  const judge = (refused: boolean) => {
    if (!refused) session.requests.accepted(sent);
    return refused;
  };
  if (!shouldRefresh) return judge(isTokenRefused(response));
  const refused = shouldRefresh(response);
  return isThenable(refused) ? patient(refused.then(judge), config, since) : judge(refused);
}

/**
 * The token to send it again with, if there is one or will be.
 *
 * @throws ERR_BEARER_IDENTITY
 */
function remedy(journey: Journey): Current | Promise<Current | undefined> | undefined {
  const { session, sent, options, guard, replays } = journey;
  const { maxReplays } = guard.settings;
  if (replays > 0 && replays >= maxReplays) return void session.requests.refused(sent);

  const found = session.requests.tokenAfter401(sent, replays);
  if (options.replay !== false && maxReplays > 0) return found;
  // The session is refreshed all the same, for whoever comes next.
  if (isThenable(found)) found.catch(() => {});
  return undefined;
}

/** Asked when there is a new token: who hears of it and calls again at once, with a body made anew, sends that one. */
function assertSendable(config: Config, journey: Journey): void {
  if (canSendAgain(config, journey)) return;
  throw bearerError(
    'ERR_BEARER_BODY',
    'The body is a stream, which can be sent only once. Wrap it, replayable(() => body), to have the request replayed',
  );
}

function awaited(
  { session, since }: Journey,
  { config, data }: AxiosResponse,
  found: Promise<Current | undefined>,
): Promise<Current | undefined> {
  // The refresh may need the socket that an unread body keeps.
  discard(data);
  session.emit('waiting', () => ({ ...requestInfo(config), after: '401' }));
  return patient(found, config, since, () => session.requests.stopWaiting());
}

/** A source that hands out the token that was just refused. */
function isTheSame({ session, sent }: Journey, renewed: Current): boolean {
  const { accessToken } = sent.token;
  const same = accessToken !== '' && renewed.token.accessToken === accessToken;
  if (same) session.requests.refused(renewed);
  return same;
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
