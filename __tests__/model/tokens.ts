/** One sign-in, and all that came of it: the refresh-token family of RFC 9700 §4.14. */
export interface Family {
  readonly user: string;
  revoked: boolean;
  /** Its newest tokens got lost: to present the old refresh token again is no mistake then. */
  doomed: boolean;
}

/** An access token, and what became of it. */
export interface Access {
  readonly token: string;
  readonly family: Family;
  /** ms; at the server, by a clock that is never set. */
  readonly expiresAt: number;
  /** It came of a refresh, not of a sign-in. */
  readonly refreshed: boolean;
  /** ms; by the wall clock of the holder that got it. */
  from: number;
  revoked: boolean;
  refused: boolean;
  /** Some answer was no 401. */
  helped: boolean;
  /** Refused though it was new: to a request that had been refused before it, or to the first that bore it. */
  unhelpful: boolean;
}

/** A refresh token. */
export interface Grant {
  readonly token: string;
  readonly family: Family;
  /** The newest access token that came with it. */
  access: Access;
  spent: boolean;
  /** Its holder knows that it is no good any more. */
  over: boolean;
  /** It is being presented now. */
  open: boolean;
  /** A caller asked for a refresh whatever the token's age. */
  wanted: boolean;
  presented: number;
}
