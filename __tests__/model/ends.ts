import type { Call, End } from './call.js';
import { LONG_WISH, MAX_REPLAYS, OPTIONS } from './options.js';
import type { Server } from './server.js';

/** What may excuse a call's end, beside its holder. */
export interface Circumstances {
  readonly server: Server;
  /** There is one holder only. */
  readonly alone: boolean;
  /** The wall clock was set. */
  readonly jumped: boolean;
  /** The store failed, or was slow. */
  readonly troubled: boolean;
}

/** Has an end its reason? What a call may come to, by what happened before it and while it lasted. */
export function reasonsFor(call: Call, { status, code, user, error }: End, judge: Circumstances): boolean {
  const { holder } = call;
  const others = !judge.alone;
  const changed = holder.pending > 0 || holder.asked > call.began || holder.signedIn > call.began;
  const ended = holder.ended > call.began || holder.ended >= holder.signedIn || call.ended > call.signedIn;
  switch (code) {
    case undefined:
      return !error && (call.kind !== 'request' || user === call.sends.at(-1));
    case 'ERR_CANCELED':
      return call.abort?.signal.aborted === true;
    case 'ERR_BAD_REQUEST':
      return status === 401 && (ended || mayBeRefused(call, judge));
    case 'ERR_BEARER_IDENTITY':
      return changed || others;
    case 'ERR_BEARER_SIGNED_OUT':
      return ended || others;
    case 'ERR_BEARER_REJECTED':
      return holder.refused > call.signedIn;
    case 'ERR_BEARER_UNAVAILABLE':
    case 'ERR_BEARER_TOKEN':
      // A clock that is set back may have it count again, once.
      return holder.failedUntil + (judge.jumped ? LONG_WISH : 0) >= call.at;
    case 'ERR_BEARER_STORE':
      return judge.troubled || changed || ended || others;
    default:
      // The reason of a signal, which token() fails with.
      return call.abort?.signal.aborted === true;
  }
}

/** The server's own 401 is handed on: of a request without a token, or when nothing more can be done about it. */
function mayBeRefused({ sends, options }: Call, { server }: Circumstances): boolean {
  const open = server.unhelpful >= OPTIONS.refreshWindow.limit;
  return sends.at(-1) === undefined || sends.length > MAX_REPLAYS || options.replay === false || open;
}
