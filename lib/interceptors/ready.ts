import axios, { getAdapter } from 'axios';
import { bearerError, forRequest } from '../errors.js';
import type { Session } from '../session/session.js';
import { attach, depart, extensible, hasOneChance, leaveAlone, obstacle } from './attach.js';
import { Replayable } from './body.js';
import { type Config, type Guard, type Passage, requestOptions } from './config.js';
import { isCanceled } from './patience.js';
import { standIn } from './wire.js';

/** Can what is to be done with this request be done here and now, with nothing to wait for and nothing that could throw? */
export function isReady({ settings }: Guard, config: Config, session: Session): boolean {
  const options = requestOptions(config);
  if (config.data instanceof Replayable || hasOneChance(config, session)) return false;
  if (options === false) return true;
  if (options.session || settings.skip) return false;
  return (
    session.requests.isFresh(options.minValidity) || (settings.whenSignedOut === 'send' && session.requests.isIdle)
  );
}

/**
 * The request interceptor where there is nothing to wait for: axios then sends without a promise in between.
 *
 * @param alone nobody else has an interceptor; else the request may be another one when it comes here, or late
 */
export function attachReady(guard: Guard, session: Session, passage: Passage, alone: boolean) {
  if (alone) return (config: Config) => attachNow(guard, config, session, passage);
  let late = false;
  queueMicrotask(() => {
    late = true;
  });
  return (config: Config) => {
    if (isReady(guard, config, session)) return attachNow(guard, config, session, passage);
    return late ? attach(guard, config, passage) : attachAtWire(guard, config, passage);
  };
}

function attachNow(guard: Guard, final: Config, session: Session, passage: Passage): Config {
  if (isCanceled(final)) return final;
  const config = extensible(final);
  const reason = obstacle(guard, config, session);
  const current = reason ? undefined : session.requests.atHand;
  if (!current) return leaveAlone(config, reason ?? 'signed-out', session);
  passage.journey = depart(guard, config, session, current, config.data);
  return config;
}

/** A synchronous interceptor has made it something to wait for, where axios waits for nobody but the adapter. */
function attachAtWire(guard: Guard, final: Config, passage: Passage): Config {
  const config = extensible(final);
  const { data } = config;
  standIn(config, async (sent) => {
    if (data instanceof Replayable) {
      const advice = 'A `synchronous` interceptor put a replayable() body there: make it an async one';
      throw forRequest(bearerError('ERR_BEARER_BODY', advice), sent);
    }
    const ready = await attach(guard, sent, passage);
    return getAdapter(ready.adapter || axios.defaults.adapter, ready as never)(ready);
  });
  return config;
}
