import { bearerError, forRequest, isBearerError } from '../errors.js';
import type { SkipReason } from '../events.js';
import type { Current, TokenSession } from '../session.js';
import { Replayable } from './body.js';
import { type BearerRequestOptions, begin, type Config, type Guard, journeyOf, requestInfo, requestOptions } from './config.js';
import { patient } from './patience.js';
import { arm, headerValue, nameOf, throughGate } from './wire.js';

/** Can this request be given its token here and now, with nothing to wait for and nothing that could throw? */
export function isReady(guard: Guard, config: Config, session: TokenSession): boolean {
  if (guard.settings.skip || config.data instanceof Replayable) return false;
  const options = requestOptions(config);
  return options !== false && !options.session && session.isFresh(options.minValidity);
}

/** The request interceptor where a token is at hand: axios then sends without a promise in between. */
export function attachNow(guard: Guard, config: Config, session: TokenSession): Config {
  const reason = obstacle(guard, config, session);
  const current = reason || !session.isFresh() ? undefined : (session.lookup() as Current);
  if (!current) return leaveAlone(config, reason ?? 'signed-out', session);
  depart(guard, config, session, requestOptions(config) || {}, current, config.data);
  return config;
}

/** The request interceptor in all other cases. */
export async function attach(guard: Guard, config: Config): Promise<Config> {
  const since = Date.now();
  const { data } = config;
  const options = requestOptions(config);
  const session = options ? (options.session ?? guard.sessionOf(config)) : undefined;
  const reason = options === false ? 'off' : !session ? 'signed-out' : obstacle(guard, config, session);
  const found = reason ? undefined : session?.lookup(options ? options.minValidity : 0);
  const waits = found instanceof Promise;
  if (waits) session?.emit('waiting', () => ({ ...requestInfo(config), after: 'held' }));
  const current = waits ? await patient(found, config, since).catch((error) => refuse(error, config)) : found;

  if (data instanceof Replayable) config.data = await data.make();
  if (!session || !current || options === false) return withoutToken(guard, config, reason ?? 'signed-out', session);
  const journey = depart(guard, config, session, options, current, data, since);
  // Ten thousand that waited do not leave in one tick.
  if (waits) config.adapter = (sent) => {
    sent.adapter = journey.adapter;
    return throughGate(sent, journey);
  };
  return config;
}

function refuse(error: unknown, config: Config): never {
  throw isBearerError(error) ? forRequest(error, config) : error;
}

/** What keeps a token from this request. */
function obstacle(guard: Guard, config: Config, session: TokenSession): SkipReason | undefined {
  if (requestOptions(config) === false) return 'off';
  if (guard.settings.skip?.(config)) return 'skip';
  const barrier = guard.barrier(config, session);
  forgetOurs(guard, config);
  if (barrier) return barrier;
  if (session.source.authorize?.(config)) return 'source';
  return hasOwnAuthorization(guard, config) ? 'own-authorization' : undefined;
}

/** A config that has travelled before still bears the token it went with; that is not the caller's own. */
function forgetOurs(guard: Guard, config: Config): void {
  const { header } = guard.settings;
  const past = journeyOf(config);
  const headers = config.headers as unknown as Record<string, unknown>;
  const name = past && header && nameOf(headers, header);
  if (name && headers[name] === headerValue(past.guard, past.sent.token.accessToken)) delete headers[name];
}

/** The caller's own keeps its meaning; a default of the instance is taken over, an empty one counts as none. */
function hasOwnAuthorization({ instance, settings: { header } }: Guard, config: Config): boolean {
  if (!header) return false;
  if (config.auth) return true;
  const headers = config.headers as unknown as Record<string, unknown>;
  const name = nameOf(headers, header);
  const value = name && headers[name];
  if (value === false) return true;
  if (!value) return false;
  const defaults = instance.defaults.headers as unknown as Record<string, Record<string, unknown>>;
  const levels = [defaults, defaults.common, defaults[config.method ?? '']];
  return !levels.some((level) => level && level[nameOf(level, header) ?? ''] === value);
}

function withoutToken(guard: Guard, config: Config, reason: SkipReason, session: TokenSession | undefined): Config {
  if (reason !== 'signed-out' || guard.settings.whenSignedOut === 'send') return leaveAlone(config, reason, session);
  const { message, ...rest } = session?.signedOutError() ?? { message: 'No session serves this request' };
  throw forRequest(bearerError('ERR_BEARER_SIGNED_OUT', message, rest), config);
}

function leaveAlone(config: Config, reason: SkipReason, session: TokenSession | undefined): Config {
  session?.emit('skipped', () => ({ ...requestInfo(config), reason }));
  return config;
}

function depart(
  guard: Guard,
  config: Config,
  session: TokenSession,
  options: BearerRequestOptions,
  sent: Current,
  data: unknown,
  since = Date.now(),
) {
  const { adapter, validateStatus, beforeRedirect } = config;
  const journey = {
    guard, session, options, since, data, adapter, validateStatus, beforeRedirect, sent, replays: 0, home: false,
  };
  begin(config, journey);
  arm(config, journey);
  return journey;
}
