import type { BearerError } from '../errors.js';
import type { StoreEntry } from '../stores/store.js';
import type { Token } from '../token.js';
import type { Current, Unsaved } from './current.js';

/** What happens to a session. `current` is made of the entry's token. */
export type SessionEvent =
  /** An entry was found in the store. `lost`: a token of ours that it supersedes. */
  | { is: 'found'; entry: StoreEntry | undefined; current?: Current | undefined; lost?: Token }
  /** The store has lost this entry. It counts as none from now on, unless another was written here meanwhile. */
  | { is: 'emptied'; before: StoreEntry }
  /** A refresh has brought a token; the store does not have it yet. */
  | { is: 'made'; session: string; unsaved: Unsaved }
  /** The store has what a refresh, `obtain()`, `update()` or the option `tokens` has brought. `quiet`: nobody is told. */
  | { is: 'kept'; entry: StoreEntry; current: Current; quiet?: boolean }
  | { is: 'signingIn'; session: string }
  | { is: 'signedIn'; entry: StoreEntry; current: Current }
  /** A sign-in was stored when another one, or a sign-out, had been asked for. */
  | { is: 'overtaken'; entry: StoreEntry }
  /** The app has handed in a newer token of the same user. */
  | { is: 'updated'; current: Current; unsaved: Unsaved }
  /** A definite refusal of the refresh token that was presented. `serves`: the access token is still good. */
  | { is: 'rejected'; session: string | undefined; presented?: string | undefined; error: BearerError; serves: boolean }
  /** The same, and the source is to obtain another token. */
  | { is: 'mustObtain'; session: string; presented: string | undefined }
  /** A request with the current token was refused by a 401, or accepted. */
  | { is: 'doubted' | 'trusted' }
  /** The refresh was refused before, and now the access token has ended too. */
  | { is: 'over' }
  /** A sign-out met a token of this session in the store. */
  | { is: 'disowned'; session: string }
  /** The session lives in cookies. */
  | { is: 'seeded'; seed: Token }
  | { is: 'signOut' | 'close' };
