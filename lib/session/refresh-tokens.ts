import type { Token } from '../token.js';
import { digest } from './digest.js';
import { remember } from './remember.js';

// Of an app that signs in with saved tokens, no more than this can be under way.
const REMEMBERED = 8;

/** What has become of the refresh tokens that were presented here. */
export class RefreshTokens {
  #presenting: string | undefined;
  /** Its last refresh brought no other refresh token, so it may be presented again. */
  #reusable: string | undefined;
  /** Those that were spent, as digests: the tokens themselves are not kept. With the session of each. */
  #spent: readonly { readonly digest: number; readonly session: string }[] | undefined;

  /** May a call that presents it have spent it, though it was not answered? */
  isSpentByUse(refreshToken: string | undefined): boolean {
    return refreshToken !== undefined && refreshToken !== this.#reusable;
  }

  present(refreshToken: string | undefined): void {
    this.#presenting = refreshToken;
  }

  /** A call has ended. `made`: what it has brought. */
  presented(refreshToken: string | undefined, session: string, made?: Token): void {
    if (this.#presenting === refreshToken) this.#presenting = undefined;
    if (!made || refreshToken === undefined) return;
    const isKept = made.refreshToken === refreshToken;
    this.#reusable = isKept ? refreshToken : undefined;
    if (!isKept) this.#spent = remember(this.#spent, { digest: digest(refreshToken), session }, REMEMBERED);
  }

  /** Was it spent? And by which session? */
  spentBy(refreshToken: string) {
    const wanted = digest(refreshToken);
    return this.#spent?.find((spent) => spent.digest === wanted);
  }

  isInUse(refreshToken: string): boolean {
    return refreshToken === this.#presenting || this.spentBy(refreshToken) !== undefined;
  }
}
