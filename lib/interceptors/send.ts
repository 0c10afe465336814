import type { AxiosResponse } from 'axios';
import { isThenable } from '../platform/thenable.js';
import { type Current, type Found, isSameToken, type Need } from '../session/current.js';
import { giveUp, tokenAfter401 } from '../session/refused.js';
import type { Requests } from '../session/requests.js';
import { takeOffSigned } from './before-send.js';
import { assertSendable, discard, hasOneChance, prepareBody, remakeBody } from './body.js';
import { withCancellation } from './cancellation.js';
import { isOff, optionsOf, placeOf, requestInfo } from './config.js';
import { type Answer, type Exchange, HeldAnswer } from './exchange.js';
import { isRefused, refusalOf } from './judge.js';
import { isReplayable } from './replayable.js';
import { requestsFor } from './session-of.js';
import { skipReason } from './skip.js';
import { handOn, ownError, transmit, unsent } from './transmit.js';
import { inTurn } from './turn.js';
import { underWay } from './under-way.js';
import { sendWithout } from './without-token.js';

// The life of a request: `send` is called in its adapter's place, `recover` by the response interceptor.
//
//   send      token? ── there ──────────────────> transmit: header, adapter
//               ├ to be waited for ── hold ── gate ─> transmit
//               └ none ──> sendWithout: as on bare axios, or ERR_BEARER_SIGNED_OUT
//   transmit  may it be refused? ── no ──> the caller
//               └ yes ──> throws HeldAnswer, past axios's transforms: the body of a 401 that is mended is nobody's to read
//   recover   refused? ── no ──> handOn: the caller
//               └ yes ── another token, the same after a pause, or what a refresh brings ── gate ── replay ─> transmit
//                    └ none is left ──> handOn: the caller gets the 401
//
// HeldAnswer is caught in three places: by recoverOrRedact (response.ts), which calls `recover`; by `replay`, which gives
// `recover` the next answer to go on with; by `dispatch` (transmit.ts), where it is of another session nearer to the wire.

/** Sends a request for the first time. It never throws: axios would pass the response interceptors by. */
export function send(exchange: Exchange): Promise<AxiosResponse> {
  const { installation, config } = exchange;
  try {
    if (isOff(config)) return sendOff(exchange);
    const requests = requestsFor(installation, config);
    if (!isThenable(requests)) return sendFor(exchange, requests);
    return withCancellation(requests, config, exchange.since)
      .then((found) => sendFor(exchange, found))
      .catch((error) => Promise.reject(ownError(error, config)));
  } catch (error) {
    return Promise.reject(ownError(error, config));
  }
}

/** `bearer: false`: it goes at once, whatever becomes of its session. The event follows when that is known. */
function sendOff(exchange: Exchange): Promise<AxiosResponse> {
  const requests = requestsIfAny(exchange);
  if (!isThenable(requests)) return sendFor(exchange, requests);
  const told = () => ({ ...requestInfo(exchange.config), reason: 'off' as const });
  requests.then((known) => known?.emit('skipped', told)).catch(() => {});
  return sendFor(exchange, undefined);
}

function requestsIfAny({ installation, config }: Exchange): ReturnType<typeof requestsFor> {
  try {
    return requestsFor(installation, config);
  } catch {
    return undefined;
  }
}

function sendFor(exchange: Exchange, requests: Requests | undefined): Promise<AxiosResponse> {
  const { installation, config } = exchange;
  if (requests) {
    exchange.requests = requests;
    requests.sibling ??= installation.instance;
  }
  exchange.checked = placeOf(config);
  const reason = skipReason(installation, config, requests);
  if (reason || !requests) return sendWithout(exchange, reason ?? 'signed-out');
  // The apps of other packages know when to wait: a request during a refresh may be a part of it.
  const mayWait = !installation.hooks;
  const need: Need = { minValidity: optionsOf(config).minValidity, hasOneChance: hasOneChance(exchange), mayWait };
  const found = requests.tokenFor(need);
  if (isThenable(found)) return hold(exchange, found, need);
  return found ? sendNow(exchange, found) : sendWithout(exchange, 'signed-out');
}

/** Waits for a token before the first send. */
function hold(exchange: Exchange, found: Promise<Current | undefined>, need: Need): Promise<AxiosResponse> {
  const { requests, config, installation } = exchange;
  exchange.turn = installation.gate.nextTurn();
  requests.emit('waiting', () => ({ ...requestInfo(config), after: 'held' }));
  const sent = withCancellation(found, config, exchange.since, () => requests.stopWaiting(need))
    .then((current) => (current ? inTurn(exchange, current, sendNow) : sendWithout(exchange, 'signed-out')))
    .catch((error) => {
      // axios-retry sends the config again without its transforms, so they must have run.
      if (!isReplayable(config.data)) prepareBody(exchange);
      throw ownError(error, config);
    });
  return underWay(exchange, sent);
}

function sendNow(exchange: Exchange, current: Current): Promise<AxiosResponse> {
  return transmit(exchange, current, recover);
}

/** Called by the response interceptor: refresh and send again, until nothing more can be done. @returns what axios's adapters return */
export function recover(held: HeldAnswer): Promise<AxiosResponse> {
  return underWay(held.exchange, recovered(held));
}

async function recovered({ exchange, answer }: HeldAnswer): Promise<AxiosResponse> {
  try {
    for (;;) {
      const refused = isRefused(exchange, answer);
      if (!(isThenable(refused) ? await refused : refused)) break;
      const found = tokenForAnother(exchange, answer);
      const next = isThenable(found) ? await found : found;
      if (!next || isRefusedAlready(exchange, next)) break;
      assertSendable(exchange);
      discard(exchange, answer);
      const again = await replay(exchange, next);
      if (!(again instanceof HeldAnswer)) return again;
      answer = again.answer;
    }
  } catch (error) {
    return unsent(exchange, ownError(error, exchange.config, answer.response));
  }
  return handOn(exchange, answer.response, answer);
}

/** The token to send a refused request again with. */
function tokenForAnother(exchange: Exchange, answer: Answer): Found {
  const { installation, requests, sent, replays, config } = exchange;
  const { maxReplays } = installation.settings;
  const refusal = refusalOf(exchange, answer);
  const isSpent = replays > 0 && replays >= maxReplays;
  if (isSpent && sent !== refusal.before) giveUp(requests, sent, refusal);
  if (isSpent) return undefined;
  const found = tokenAfter401(requests, sent, refusal);
  if (!refusal.isResent) {
    // The session is refreshed all the same, for the requests that come next.
    if (isThenable(found)) found.catch(() => {});
    return undefined;
  }
  exchange.turn = installation.gate.nextTurn();
  if (!isThenable(found)) return found;
  // The refresh may need the socket that an unread body keeps.
  discard(exchange, answer);
  requests.emit('waiting', () => ({ ...requestInfo(config), after: '401' }));
  const left = () => {
    refusal.isResent = false;
    requests.stopWaiting();
  };
  return withCancellation(found, config, exchange.since, refusal.endPause ?? left);
}

/** A source may hand out the token that was just refused. */
function isRefusedAlready({ requests, refusal }: Exchange, next: Current): boolean {
  // After a pause it is to be tried again.
  if (!refusal || refusal.endPause || !refusal.refused.some((each) => isSameToken(each, next))) return false;
  giveUp(requests, next, refusal);
  return true;
}

async function replay(exchange: Exchange, next: Current): Promise<AxiosResponse | HeldAnswer> {
  exchange.replays++;
  try {
    return await inTurn(exchange, next, replayNow);
  } catch (error) {
    if (error instanceof HeldAnswer) return error;
    throw error;
  }
}

async function replayNow(exchange: Exchange, current: Current): Promise<AxiosResponse> {
  const { installation, requests, replays } = exchange;
  takeOffSigned(exchange);
  await remakeBody(exchange);
  if (installation.hooks) exchange.config = await installation.hooks.beforeReplay(exchange.config, exchange.data);
  requests.emit('replayed', () => ({
    ...requestInfo(exchange.config),
    generation: current.generation,
    replay: replays,
  }));
  return sendNow(exchange, current);
}
