import { AxiosError, type AxiosResponse, isAxiosError, isCancel } from 'axios';
import { isBearerError } from '../errors.js';
import { isThenable } from '../platform/thenable.js';
import type { Refusal } from '../session/refused.js';
import { patienceOf, whileWanted } from './cancellation.js';
import { challengeOf, isTokenRefused, saysInvalidToken } from './challenge.js';
import { type Config, optionsOf } from './config.js';
import type { Answer, Exchange } from './exchange.js';
import { redact } from './redact.js';
import { becameGet, redirectedTo, wasAbroad } from './redirects.js';
import { transformResponse } from './transform.js';

const SAFE = ['get', 'head', 'options'];
// Done twice, they come to the same (RFC 9110 §9.2.2).
const IDEMPOTENT = ['get', 'head', 'options', 'put', 'delete'];

/** Is there anything about it that the response interceptor must judge? */
export function mayBeRefused(exchange: Exchange, response: AxiosResponse | undefined, error: unknown): boolean {
  const { installation } = exchange;
  const { shouldRefresh, shouldRefreshOnError } = installation.settings;
  if (!installation.hooks && response && response.status !== 401 && !shouldRefresh) return false;
  if (!installation.hasResponseInterceptor()) return false;
  if (installation.hooks) return true;
  if (!response) return shouldRefreshOnError !== undefined && isOfNetwork(error);
  return !isFromElsewhere(exchange, response);
}

/** No cancellation and no timeout: those are what the caller wanted. */
function isOfNetwork(error: unknown): boolean {
  const { ECONNABORTED, ETIMEDOUT } = AxiosError;
  return isAxiosError(error) && !isCancel(error) && ![ECONNABORTED, ETIMEDOUT].includes(error.code ?? '');
}

/** A redirect has led to another origin, which got no token of ours: its 401 is not ours to mend. */
function isFromElsewhere({ installation, config }: Exchange, response: AxiosResponse): boolean {
  if (wasAbroad(response)) return true;
  const final = redirectedTo(response);
  return final !== undefined && final.origin !== installation.destination(config)?.origin;
}

/** Would a new token mend it? Where it would not, the token was accepted. */
export function isRefused(exchange: Exchange, answer: Answer): boolean | Promise<boolean> {
  const { response } = answer;
  const byDefault = response !== undefined && isTokenRefused(response);
  const judge = (said: unknown) => {
    const refused = said ?? byDefault;
    if (!refused && response) accepted(exchange, response);
    return Boolean(refused);
  };
  const failed = (thrown: unknown) => {
    // It may hold what the predicate was given, or wrap it.
    redact(thrown, exchange.installation);
    console.error('axios-bearer: a predicate threw, so its default counts', thrown);
    return judge(byDefault);
  };
  try {
    const said = predicateOf(exchange, answer);
    if (!isThenable(said)) return judge(said);
    return whileWanted(exchange, outcomeOf(said)).then(
      (outcome) => ('thrown' in outcome ? failed(outcome.thrown) : judge(outcome.said)),
      (error) => {
        if (!isBearerError(error)) throw error;
        // Another user is signed in by now, or nobody.
        return judge(byDefault);
      },
    );
  } catch (thrown) {
    return failed(thrown);
  }
}

/** It may never settle: what is called then must not hold the request. */
function outcomeOf(said: PromiseLike<unknown>): Promise<{ said: unknown } | { thrown: unknown }> {
  return Promise.resolve(said).then(
    (value) => ({ said: value }),
    (thrown) => ({ thrown }),
  );
}

/** What the app says; `undefined`: nothing. */
function predicateOf(exchange: Exchange, answer: Answer): unknown {
  const { settings, hooks } = exchange.installation;
  const { response, error } = answer;
  if (response && (hooks || settings.shouldRefresh)) tryToParse(exchange, response);
  if (hooks) return hooks.isRefused(answer, exchange.config);
  return response ? settings.shouldRefresh?.(response) : settings.shouldRefreshOnError?.(error as AxiosError);
}

/** A predicate reads the body; where the app's transforms can't, it gets what the server sent. */
function tryToParse(exchange: Exchange, response: AxiosResponse): void {
  try {
    transformResponse(exchange, response);
  } catch {
    exchange.transformed = undefined;
  }
}

/** The session learns that the token of a request is good, and that its target takes good tokens. */
export function accepted({ requests, sent, order, config, installation }: Exchange, { status }: AxiosResponse): void {
  // A gateway, or a limit on requests, may say so before the token is looked at.
  if (status === 429 || status >= 500) return;
  requests.accepted(sent, order);
  requests.life.parts.targets.accepted(config, installation.targetOf);
}

/** What the session is to know of a refusal. */
export function refusalOf(exchange: Exchange, answer: Answer): Refusal {
  const { config, installation, order, replays, since } = exchange;
  const { response } = answer;
  const { maxReplays } = installation.settings;
  const latest = {
    order,
    isResent: optionsOf(config).replay !== false && maxReplays > 0 && mayRepeat(exchange, answer),
    isLast: maxReplays - replays === 1,
    patience: patienceOf(config, since),
    challenge: response && challengeOf(response),
    isRepeatable:
      isSafe(config) || Boolean(installation.hooks) || (response !== undefined && saysInvalidToken(response)),
  };
  // What other packages promise knows of no pauses.
  const repeats = installation.hooks ? Number.POSITIVE_INFINITY : 0;
  const target = installation.targetOf(config);
  const first = { target, refused: [], before: undefined, endPause: undefined, repeats, refreshes: 0 };
  exchange.refusal = Object.assign(exchange.refusal ?? first, latest);
  return exchange.refusal;
}

/** May it be sent again? Where no response came, it may have been done; where a redirect has made a GET of it, it was. */
function mayRepeat({ config, installation }: Exchange, { response }: Answer): boolean {
  if (installation.hooks) return true;
  return response ? isSafe(config) || !becameGet(response) : IDEMPOTENT.includes(methodOf(config));
}

function isSafe(config: Config): boolean {
  return SAFE.includes(methodOf(config));
}

/** An interceptor may have written it in upper case. */
function methodOf({ method = 'get' }: Config): string {
  return method.toLowerCase();
}
