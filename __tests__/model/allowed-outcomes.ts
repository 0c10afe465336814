import type { Call, End } from './call.js';
import { BOUND, LONG_WISH, MARKED, MAX_REPLAYS } from './options.js';
import type { Server } from './server.js';
import type { Simulation } from './simulation.js';

/** What may explain the outcome of a call, beside its holder. */
export interface Context {
  readonly server: Server;
  readonly simulation: Simulation;
  readonly holders: Call['holder'][];
  /** There is one holder only. */
  readonly alone: boolean;
  /** The wall clock was set. */
  readonly jumped: boolean;
  /** A sign-in failed: it may have been stored, or be stored later. */
  readonly unsure: boolean;
  /** The store failed, or was slow. */
  readonly troubled: boolean;
}

/** May a call end so, given what happened before it and while it lasted? */
export function isAllowed(call: Call, { status, code, user, error }: End, judge: Context): boolean {
  const { holder } = call;
  const others = !judge.alone;
  const changed = holder.pending > 0 || holder.asked > call.began || holder.signedIn > call.began;
  const ended = holder.ended > call.began || holder.ended >= holder.signedIn || call.ended > call.signedIn;
  const endedElsewhere = judge.holders.some((other) => other !== holder && other.ended > call.signedIn);
  switch (code) {
    case undefined:
      return !error && (call.kind !== 'request' || user === call.sends.at(-1));
    case 'ERR_CANCELED':
      return call.abort?.signal.aborted === true;
    case 'ERR_BAD_REQUEST':
      // The end of a session that was refused is told when the store is unlocked.
      return status === 401 && (ended || holder.refused > call.signedIn || endedElsewhere || mayBeRefused(call, judge));
    case 'ERR_BEARER_IDENTITY':
      return changed || others || judge.unsure;
    case 'ERR_BEARER_SIGNED_OUT':
      return ended || others;
    case 'ERR_BEARER_REJECTED':
      return holder.refused > call.signedIn || wasRefused(judge, call);
    case 'ERR_BEARER_CONFIG':
      return call.kind === 'refresh' && wasRefused(judge, call);
    case 'ERR_BEARER_UNAVAILABLE':
      return hasFailed(call, judge) || holder.waitsLong || judge.simulation.elapsed() - call.at >= BOUND - 1;
    case 'ERR_BEARER_TOKEN':
      return hasFailed(call, judge);
    case 'ERR_BEARER_STORE':
      return judge.troubled || changed || ended || others;
    default:
      // The reason of a signal, which token() fails with.
      return call.abort?.signal.aborted === true;
  }
}

/** A clock that is set back may have it count again, once. */
function hasFailed({ holder, at }: Call, { jumped }: Context): boolean {
  return holder.failedUntil + (jumped ? LONG_WISH : 0) >= at;
}

/** Another holder was refused for good, and has left a token that nothing can follow. */
function wasRefused({ holders }: Context, { holder, signedIn }: Call): boolean {
  return holders.some((other) => other !== holder && other.refused > signedIn);
}

/** The server's own 401 is handed on: of a request without a token, or when nothing more can be done about it. */
function mayBeRefused(call: Call, judge: Context): boolean {
  const { sends, options } = call;
  const { server } = judge;
  const marked = server.unhelpful >= MARKED;
  return (
    sends.at(-1) === undefined ||
    sends.length > MAX_REPLAYS ||
    options.replay === false ||
    marked ||
    wasRefused(judge, call)
  );
}
