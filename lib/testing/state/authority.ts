import { random } from './random.js';

/** What the token endpoints answer: RFC 6749 §5.1, with api.video's fields. `expires_in` is in seconds. */
export interface TokenAnswer {
  /** How it is to be used (RFC 6750). */
  token_type: 'Bearer';
  /** Seconds. */
  expires_in: number;
  /** Opaque. */
  access_token: string;
  /** Opaque; good for one refresh, where refresh tokens rotate. */
  refresh_token: string;
}

/** What the server thinks of an access token. `generation`: it was the how-many-th one minted, from 1. */
export type Standing = { state: 'live' | 'expired' | 'revoked'; generation: number } | { state: 'unknown' };

/** Why a refresh token was refused. */
export type Refusal = 'unknown' | 'revoked' | 'spent';

interface Rules {
  now: () => number;
  expiresIn: number;
  rotate: boolean;
  reuseDetection: boolean;
}

interface Family {
  revoked: boolean;
}
interface Access {
  family: Family;
  generation: number;
  expiresAt: number;
}
interface Refresh {
  family: Family;
  serial: number;
  spent: boolean;
}

/** The authorization server's book of tokens. Knows no HTTP. */
export class Authority {
  private readonly access = new Map<string, Access>();
  private readonly refreshes = new Map<string, Refresh>();
  private minted = 0;
  // "Everything issued so far" is a number, not a walk over all tokens.
  private expiredUpTo = 0;
  private revokedUpTo = 0;
  private serial = 0;

  constructor(
    private readonly rules: Rules,
    private readonly onReuse: () => void,
  ) {}

  /** Called at each sign-in: mints the first pair of a new family. */
  grant(): TokenAnswer {
    const family = { revoked: false };
    return this.answer(family, this.mintRefresh(family));
  }

  /** Called at each refresh. A spent token that comes again ends its family when reuse detection is on. */
  refresh(presented: string): TokenAnswer | Refusal {
    const known = this.refreshes.get(presented);
    if (!known) return 'unknown';
    if (known.spent) return this.reused(known);
    if (known.family.revoked || known.serial <= this.revokedUpTo) return 'revoked';
    if (!this.rules.rotate) return this.answer(known.family, presented);
    known.spent = true;
    return this.answer(known.family, this.mintRefresh(known.family));
  }

  /** Called at each request that carries a Bearer token. */
  inspect(presented: string): Standing {
    const known = this.access.get(presented);
    if (!known) return { state: 'unknown' };
    const { generation } = known;
    if (known.family.revoked) return { state: 'revoked', generation };
    const expired = generation <= this.expiredUpTo || known.expiresAt <= this.rules.now();
    return { state: expired ? 'expired' : 'live', generation };
  }

  /** Called by a test: every access token minted so far is refused from now on. */
  expire(): void {
    this.expiredUpTo = this.minted;
  }

  /** Called by a test: every refresh token minted so far is refused from now on. */
  revokeRefreshTokens(): void {
    this.revokedUpTo = this.serial;
  }

  private reused(token: Refresh): Refusal {
    this.onReuse();
    if (this.rules.reuseDetection) token.family.revoked = true;
    return 'spent';
  }

  private mintRefresh(family: Family): string {
    const token = random('rt_');
    this.serial += 1;
    this.refreshes.set(token, { family, serial: this.serial, spent: false });
    return token;
  }

  private answer(family: Family, refresh_token: string): TokenAnswer {
    const access_token = random('at_');
    const expires_in = this.rules.expiresIn;
    this.minted += 1;
    this.access.set(access_token, {
      family,
      generation: this.minted,
      expiresAt: this.rules.now() + expires_in * 1000,
    });
    return { token_type: 'Bearer', expires_in, access_token, refresh_token };
  }
}
