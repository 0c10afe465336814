import type { AxiosAdapter, AxiosError, AxiosResponse } from 'axios';
import { forRequest, isBearerError } from '../errors.js';
import { monotonicNow } from '../platform/deadline.js';
import type { Current } from '../session/current.js';
import { adapterOf } from './axios-copies.js';
import { askApp, takeOffSigned } from './before-send.js';
import { closeBody, prepareBody, restoreBody } from './body.js';
import type { Config } from './config.js';
import { type Answer, type Exchange, HeldAnswer } from './exchange.js';
import { writeToken } from './header.js';
import { accepted, mayBeRefused } from './judge.js';
import { assertDestination, override, restore } from './override.js';
import { setDuration, settle } from './settle.js';
import { underWay } from './under-way.js';

type Recover = (held: HeldAnswer) => Promise<AxiosResponse>;

/** Sends once, with this token; a 401 is held back from axios. @param recover mends a 401 of an installation nearer to the wire */
export function transmit(exchange: Exchange, current: Current, recover: Recover): Promise<AxiosResponse> {
  const { installation, requests, config, replays } = exchange;
  exchange.sent = current;
  exchange.order = requests.nextSend();
  try {
    requests.assertSame(current);
    writeToken(config, installation, current);
    const prepared = replays === 0 ? prepareBody(exchange) : undefined;
    if (prepared || installation.settings.beforeSend) {
      return underWay(exchange, prepareSend(exchange, prepared)).then(
        () => dispatch(exchange, recover),
        (error) => unsent(exchange, ownError(error, config)),
      );
    }
    makeReady(exchange);
    return dispatch(exchange, recover);
  } catch (error) {
    return Promise.reject(ownError(error, config));
  }
}

/** A failure that many share becomes this request's own. */
export function ownError(error: unknown, config: Config, response?: AxiosResponse): unknown {
  return isBearerError(error) && !error.config ? forRequest(error, config, response) : error;
}

/** The body is made, and the app has its last word. The request may be given up meanwhile. */
async function prepareSend(exchange: Exchange, body: Promise<void> | undefined): Promise<void> {
  await body;
  await askApp(exchange);
  exchange.requests.assertSame(exchange.sent);
  makeReady(exchange);
}

/** The last that may go wrong before it is sent. @throws ERR_BEARER_CONFIG, and what axios says of an unknown adapter */
function makeReady(exchange: Exchange): void {
  assertDestination(exchange);
  // A transform may have put another one there. While it answers, axios-mock-adapter takes it off.
  if (exchange.replays === 0) exchange.adapter = adapterOf(exchange.config, exchange.installation.instance);
}

/** Nothing is made of its body any more. @throws the error */
export function unsent(exchange: Exchange, error: unknown): never {
  closeBody(exchange);
  takeOffSigned(exchange);
  restoreBody(exchange);
  throw error;
}

function dispatch(exchange: Exchange, recover: Recover): Promise<AxiosResponse> {
  const { config, requests } = exchange;
  const { parts } = requests.life;
  override(exchange);
  exchange.began = monotonicNow();
  const answered = (response: AxiosResponse) => {
    parts.underWay--;
    restore(exchange, response);
    return holdOrHandOn(exchange, response, undefined);
  };
  const failed = (error: AxiosError | undefined): AxiosResponse | Promise<AxiosResponse> => {
    restore(exchange, error);
    // Of another session, with a header of its own, which is nearer to the wire.
    if (error instanceof HeldAnswer) return recover(error).then(answered, failed);
    parts.underWay--;
    return holdOrHandOn(exchange, error?.response, { response: error?.response, failed: true, error });
  };
  // Counted here, and not by `underWay`, which makes a promise: a request with a fresh token is to cost none.
  parts.underWay++;
  return called(exchange.adapter, config).then(answered, failed);
}

/** One that throws at once is no other than one that rejects: what was put on the config comes off again. */
function called(adapter: AxiosAdapter, config: Config): Promise<AxiosResponse> {
  try {
    return Promise.resolve(adapter(config));
  } catch (error) {
    return Promise.reject(error);
  }
}

/** @throws HeldAnswer, for the response interceptor to recover it */
function holdOrHandOn(
  exchange: Exchange,
  response: AxiosResponse | undefined,
  failure: Answer | undefined,
): AxiosResponse {
  if (mayBeRefused(exchange, response, failure?.error)) {
    if (response) setDuration(response, exchange.began);
    throw new HeldAnswer(exchange, failure ?? { response });
  }
  if (response && response.status !== 401) accepted(exchange, response);
  return handOn(exchange, response, failure);
}

/** What axios's adapter would have given, or thrown. */
export function handOn(
  exchange: Exchange,
  response: AxiosResponse | undefined,
  failure: Answer | undefined,
): AxiosResponse {
  if (failure?.failed && !response) closeBody(exchange);
  try {
    if (failure?.failed) throw failure.error;
    const answer = response as AxiosResponse;
    return exchange.hasAskedStatus ? settle(answer, exchange.config.validateStatus) : answer;
  } catch (error) {
    // Another package, such as axios-retry, may send it again.
    takeOffSigned(exchange);
    throw error;
  } finally {
    restoreBody(exchange);
  }
}
