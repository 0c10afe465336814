import { AxiosError, type AxiosResponse, isAxiosError, isCancel } from 'axios';
import { isThenable } from '../platform/thenable.js';
import type { Refusal } from '../session/refused.js';
import { patienceOf, whileSame, withCancellation } from './cancellation.js';
import { challengeOf, isTokenRefused, saysInvalidToken } from './challenge.js';
import { optionsOf } from './config.js';
import type { Answer, Exchange } from './exchange.js';
import { redact } from './redact.js';
import { redirectedTo } from './redirects.js';
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
    redact((thrown as Partial<Error> | undefined)?.cause, exchange.installation);
    console.error('axios-bearer: a predicate threw, so its default counts', thrown);
    return judge(byDefault);
  };
  try {
    const said = predicateOf(exchange, answer);
    if (!isThenable(said)) return judge(said);
    const judged = whileSame(exchange, Promise.resolve(said).then(judge, failed));
    return withCancellation(
      judged.catch(() => judge(byDefault)),
      exchange.config,
      exchange.since,
    );
  } catch (thrown) {
    return failed(thrown);
  }
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
  const isSafe = SAFE.includes(config.method ?? 'get') || Boolean(installation.hooks);
  const latest = {
    order,
    isResent: optionsOf(config).replay !== false && maxReplays > 0 && mayRepeat(exchange, answer),
    isLast: maxReplays - replays === 1,
    patience: patienceOf(config, since),
    challenge: response && challengeOf(response),
    isRepeatable: isSafe || (response !== undefined && saysInvalidToken(response)),
  };
  // What other packages promise knows of no pauses.
  const repeats = installation.hooks ? Number.POSITIVE_INFINITY : 0;
  const target = installation.targetOf(config);
  const first = { target, refused: [], before: undefined, endPause: undefined, repeats, refreshes: 0 };
  exchange.refusal = Object.assign(exchange.refusal ?? first, latest);
  return exchange.refusal;
}

/** May it be sent again? Where no response came, it may have been done. */
function mayRepeat({ config, installation }: Exchange, { response }: Answer): boolean {
  return response !== undefined || installation.hooks !== undefined || IDEMPOTENT.includes(config.method ?? 'get');
}
