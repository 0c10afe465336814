import { answerNow } from '../platform/thenable.js';
import type { SkipReason } from '../session/events.js';
import type { Requests } from '../session/requests.js';
import { type Config, isOff } from './config.js';
import type { Installation } from './exchange.js';
import { type Headers, headersOf, isAuthorization, nameOf } from './header.js';

/** Why a request gets no token of ours; `undefined`: it may get one. */
export function skipReason(
  installation: Installation,
  config: Config,
  requests: Requests | undefined,
): SkipReason | undefined {
  if (isOff(config)) return 'off';
  const { skip } = installation.settings;
  if (answerNow('skip', skip, skip?.(config))) return 'skip';
  if (!requests) return 'signed-out';
  const origin = installation.originReason(config, requests);
  if (origin) return origin;
  const { source } = requests;
  if (answerNow('authorize', source.authorize, source.authorize?.(config))) return 'source';
  if (hasOwnAuthorization(installation, config)) return 'own-authorization';
  return requests.isIdle ? 'signed-out' : undefined;
}

/** The caller's own keeps its meaning; a default of the instance gives way to the token, and so does an empty one. */
function hasOwnAuthorization({ instance, settings: { header } }: Installation, config: Config): boolean {
  if (!header) return false;
  if (config.auth && isAuthorization(header)) return true;
  const headers = headersOf(config);
  const value = headers[nameOf(headers, header) ?? ''];
  if (!value) return value === false;
  const defaults = (instance.defaults.headers ?? {}) as unknown as Record<string, Headers | undefined>;
  return ![defaults, defaults.common, defaults[config.method ?? '']].some(
    (level) => level?.[nameOf(level, header) ?? ''] === value,
  );
}
