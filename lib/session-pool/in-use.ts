import type { Requests } from '../session/requests.js';
import { requestsOf, type Session } from '../session/session.js';

/** Has the app closed it? */
export function isClosed(session: Session): boolean {
  return lifeOf(session).holding.state.is === 'closed';
}

/** Would anything be lost or fail if it were closed now? */
export function isInUse(session: Session): boolean {
  const { parts, pending, holding } = lifeOf(session);
  const isUnsaved = holding.state.is === 'active' && holding.state.unsaved !== undefined;
  return parts.underWay > 0 || pending !== undefined || isUnsaved || isLoneHolder(session);
}

/** Has it a refresh token that rests in no store, and that nothing can replace? */
export function isLoneHolder(session: Session): boolean {
  const { current, settings } = lifeOf(session);
  return !settings.store && !settings.source.obtain && current?.token.refreshToken !== undefined;
}

function lifeOf(session: Session): Requests['life'] {
  return (requestsOf(session) as Requests).life;
}
