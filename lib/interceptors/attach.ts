import { monotonicNow } from '../deadline.js';
import { bearerError, forRequest } from '../errors.js';
import type { SkipReason } from '../events.js';
import type { Current } from '../session/current.js';
import type { Session } from '../session/session.js';
import { isThenable } from '../thenable.js';
import { isOneShot, Replayable, remade } from './body.js';
import {
  begin,
  type Config,
  type Guard,
  type Journey,
  journeyOf,
  type Passage,
  requestInfo,
  requestOptions,
} from './config.js';
import { failOnWire, pace } from './gate.js';
import { patient } from './patience.js';
import { arm, type Headers, headersOf, headerValue, nameOf, ownOf } from './wire.js';

/** The request interceptor where there may be something to wait for. */
export async function attach(guard: Guard, final: Config, passage: Passage): Promise<Config> {
  const since = monotonicNow();
  const config = extensible(final);
  const { data } = config;
  const options = requestOptions(config) || {};
  const asked = options.session ?? guard.sessionOf(config);
  const session = isThenable(asked) ? await patient(asked, config, since) : asked;
  if (session) session.sibling ??= guard.instance;
  const reason = obstacle(guard, config, session);
  let current: Current | undefined;
  let waits = false;
  try {
    const found = reason ? undefined : session?.requests.tokenFor(options.minValidity, hasOneChance(config, session));
    waits = isThenable(found);
    if (waits) session?.emit('waiting', () => ({ ...requestInfo(config), after: 'held' }));
    current = isThenable(found) ? await patient(found, config, since, () => session?.requests.stopWaiting()) : found;
  } catch (error) {
    return failOnWire(config, error, passage);
  }

  if (data instanceof Replayable) config.data = await patient(remade(data), config, since);
  if (!session || !current) return withoutToken(guard, config, reason ?? 'signed-out', session);
  const journey = depart(guard, config, session, current, data, since);
  passage.journey = journey;
  if (waits) pace(config, journey);
  return config;
}

/** While a refresh is under way, the token at hand may be refused: who can't be sent again waits to see. */
export function hasOneChance({ data }: Config, session: Session): boolean {
  return session.requests.isRefreshing && isOneShot(data);
}

/** Somebody may have frozen it; axios works on a copy too. */
export function extensible(config: Config): Config {
  if (Object.isExtensible(config)) return config;
  const own = Object.getOwnPropertyDescriptors(config);
  for (const each of Object.values(own))
    Object.assign(each, { configurable: true }, 'value' in each && { writable: true });
  return Object.create(Object.getPrototypeOf(config), own);
}

/** What keeps a token from this request. */
export function obstacle(guard: Guard, config: Config, session: Session | undefined): SkipReason | undefined {
  if (requestOptions(config) === false) return 'off';
  if (guard.settings.skip?.(config)) return 'skip';
  const past = journeyOf(config);
  // Another session of this instance has taken it on.
  if (past && !past.home) return 'own-authorization';
  if (past) forgetOurs(past, config);
  if (!session) return 'signed-out';
  const barrier = guard.barrier(config, session);
  if (barrier) return barrier;
  if (session.source.authorize?.(config)) return 'source';
  return hasOwnAuthorization(guard, config) ? 'own-authorization' : undefined;
}

/** A config that has travelled before still bears the token it went with; that is not the caller's own. */
function forgetOurs({ guard, sent }: Journey, config: Config): void {
  const { header } = guard.settings;
  const headers = headersOf(config);
  const name = header && nameOf(headers, header);
  if (name && headers[name] === headerValue(guard, sent.token.accessToken)) delete headers[name];
}

/** The caller's own keeps its meaning; a default of the instance is taken over, an empty one counts as none. */
function hasOwnAuthorization({ instance, settings: { header } }: Guard, config: Config): boolean {
  if (!header) return false;
  if (config.auth) return true;
  const headers = headersOf(config);
  const value = headers[nameOf(headers, header) ?? ''];
  if (!value) return value === false;
  const defaults = (instance.defaults.headers ?? {}) as unknown as Record<string, Headers | undefined>;
  return ![defaults, defaults.common, defaults[config.method ?? '']].some(
    (level) => level?.[nameOf(level, header) ?? ''] === value,
  );
}

function withoutToken(guard: Guard, config: Config, reason: SkipReason, session: Session | undefined): Config {
  if (reason !== 'signed-out' || guard.settings.whenSignedOut === 'send') return leaveAlone(config, reason, session);
  const { message, cause } = session?.signedOutError() ?? { message: 'No session serves this request' };
  throw forRequest(bearerError('ERR_BEARER_SIGNED_OUT', message, { cause }), config);
}

export function leaveAlone(config: Config, reason: SkipReason, session: Session | undefined): Config {
  session?.emit('skipped', () => ({ ...requestInfo(config), reason }));
  return config;
}

export function depart(
  guard: Guard,
  config: Config,
  session: Session,
  sent: Current,
  data: unknown,
  since = monotonicNow(),
): Journey {
  const headers = headersOf(config);
  const journey: Journey = {
    guard,
    session,
    options: requestOptions(config) || {},
    since,
    config,
    data,
    declared: data ? headers[nameOf(headers, 'Content-Length') ?? ''] : undefined,
    own: ownOf(config),
    worn: {},
    sent,
    replays: 0,
    asked: false,
    home: false,
  };
  begin(config, journey);
  arm(config, journey);
  return journey;
}
