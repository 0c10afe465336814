import { LIFETIME, LONG_WISH, SHORT_WISH } from './options.js';
import type { Access, Family, Grant } from './tokens.js';

/** What the token endpoint does instead of its work, once. */
export const FAULTS = [
  'network',
  'unavailable',
  'throttled',
  'banned',
  'html',
  'empty',
  'silent',
  'lost',
  'refused',
  'unauthorized',
] as const;
export type Fault = (typeof FAULTS)[number];

const WISHES: Partial<Record<Fault, number>> = { throttled: SHORT_WISH, banned: LONG_WISH };

export interface Reply {
  /** 0: none comes; -1: the connection breaks. */
  status: number;
  data?: unknown;
  headers?: Record<string, string>;
}

/** An authorization server with rotation and reuse detection, and the API its tokens are for. The model's counterpart. */
export class Server {
  readonly accesses = new Map<string, Access>();
  readonly grants = new Map<string, Grant>();
  readonly families: Family[] = [];
  faults: Fault[] = [];
  /** So many requests will be refused, whatever their token. */
  refusals = 0;
  #count = 0;

  constructor(
    readonly rotates: boolean,
    readonly elapsed: () => number,
  ) {}

  /** The first tokens of a sign-in. */
  issue(user: string) {
    const family = { user, revoked: false, doomed: false };
    this.families.push(family);
    return this.#make(family);
  }

  /** So many refreshes did not help. */
  get unhelpful(): number {
    return [...this.accesses.values()].filter((access) => access.unhelpful).length;
  }

  /** A caller asks for a refresh, or for a longer life: that is reason enough. */
  wantAll(): void {
    for (const grant of this.grants.values()) grant.wanted = true;
  }

  /** Is it of the latest sign-in? */
  isNewest(refreshToken: string | undefined): boolean {
    return this.grants.get(refreshToken ?? '')?.family === this.families.at(-1);
  }

  /** Every access token dies before its time. */
  expire(): void {
    for (const access of this.accesses.values()) access.revoked = true;
  }

  /** The token endpoint. */
  refresh(presented: string | undefined): Reply {
    const fault = this.faults.shift();
    const early = fault && this.#withoutWork(fault);
    if (early) return early;
    const grant = this.grants.get(presented ?? '');
    if (!grant || grant.family.revoked) return invalidGrant();
    if (grant.spent || fault === 'refused' || fault === 'unauthorized') {
      grant.family.revoked = true;
      return fault === 'unauthorized' ? { status: 401 } : invalidGrant();
    }
    const data = this.#make(grant.family, grant);
    if (fault !== 'lost') return { status: 200, data };
    grant.family.doomed ||= this.rotates;
    return { status: -1 };
  }

  /** The API: it names the user of the token. */
  resource(token: string | undefined): Reply {
    const access = this.accesses.get(token ?? '');
    const whim = this.refusals > 0;
    if (whim) this.refusals -= 1;
    if (access && !whim && !access.revoked && this.elapsed() < access.expiresAt) {
      return { status: 200, data: { user: access.family.user } };
    }
    if (access) access.refused = true;
    return { status: 401, data: {} };
  }

  /** RFC 7009. */
  revoke(token: string | undefined): void {
    const grant = this.grants.get(token ?? '');
    if (grant) grant.family.revoked = true;
  }

  #withoutWork(fault: Fault): Reply | undefined {
    const wish = WISHES[fault];
    if (wish) return { status: 429, headers: { 'retry-after': String(wish / 1_000) } };
    if (fault === 'network') return { status: -1 };
    if (fault === 'unavailable') return { status: 503 };
    if (fault === 'html') return { status: 200, data: '<html>the proxy says hello</html>' };
    if (fault === 'empty') return { status: 200, data: {} };
    return fault === 'silent' ? { status: 0 } : undefined;
  }

  #make(family: Family, previous?: Grant) {
    this.#count += 1;
    const access: Access = {
      token: `at_${family.user}_${this.#count}`,
      family,
      expiresAt: this.elapsed() + LIFETIME,
      refreshed: previous !== undefined,
      from: Date.now(),
      revoked: false,
      refused: false,
      helped: false,
      unhelpful: false,
    };
    this.accesses.set(access.token, access);
    const wire = { access_token: access.token, expires_in: LIFETIME / 1_000 };
    if (previous && !this.rotates) return wire;
    if (previous) previous.spent = true;
    const token = `rt_${family.user}_${this.#count}`;
    this.grants.set(token, {
      token,
      family,
      access,
      spent: false,
      over: false,
      open: false,
      wanted: false,
      presented: 0,
    });
    return { ...wire, refresh_token: token };
  }
}

function invalidGrant(): Reply {
  return { status: 400, data: { error: 'invalid_grant' } };
}
