import { type BearerError, bearerError, configError } from '../errors.js';
import { isThenable } from '../platform/thenable.js';
import type { Requests } from '../session/requests.js';
import { requestsOf } from '../session/session.js';
import { type Config, optionsOf } from './config.js';
import type { Installation } from './exchange.js';

/** The session that a request is to bear a token of. @throws ERR_BEARER_CONFIG where that is no session */
export function requestsFor(
  installation: Installation,
  config: Config,
): Requests | undefined | Promise<Requests | undefined> {
  const asked = optionsOf(config).session;
  if (asked !== undefined) return known('bearer.session', asked);
  const found = installation.sessionOf(config);
  if (!isThenable(found)) return known('session', found);
  return Promise.resolve(found).then((session) => known('session', session));
}

function known(option: string, session: unknown): Requests | undefined {
  return session === undefined || session === null ? undefined : requestsIn(option, session);
}

/** What a session answers requests with. @throws ERR_BEARER_CONFIG, naming the option, where it is no session */
export function requestsIn(option: string, session: unknown): Requests {
  const requests = requestsOf(session);
  if (!requests) throw configError(option, 'a Session, or a function that returns one', session);
  return requests;
}

/** What a request is told for which there is no token (`whenSignedOut: 'reject'`), and why. */
export function signedOutError(requests: Requests | undefined): BearerError {
  const { message, cause } = requests?.life.signedOutError() ?? { message: 'No session serves this request' };
  return bearerError('ERR_BEARER_SIGNED_OUT', message, { cause });
}
