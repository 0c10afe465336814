import { random } from './random.js';

interface Rules {
  now: () => number;
  expiresIn: number;
}
interface CookieSession {
  serial: number;
  expiresAt: number;
}

/** The sessions of browsers that hold no token at all, only an httpOnly cookie. Knows no HTTP. */
export class CookieSessions {
  private readonly sessions = new Map<string, CookieSession>();
  private serial = 0;
  private expiredUpTo = 0;
  private revokedUpTo = 0;

  constructor(private readonly rules: Rules) {}

  /** Called at each login, and for the successor at each refresh: a new session's `sid`. */
  open(): string {
    const sid = random('sid_');
    this.serial += 1;
    this.sessions.set(sid, { serial: this.serial, expiresAt: this.rules.now() + this.rules.expiresIn * 1000 });
    return sid;
  }

  /** Called at each cookie refresh. An expired `sid` may be renewed, once; `undefined` when it is unknown or revoked. */
  renew(sid: string): string | undefined {
    const session = this.sessions.get(sid);
    if (!session || session.serial <= this.revokedUpTo) return undefined;
    this.sessions.delete(sid);
    return this.open();
  }

  /** Called at each request that carries a `sid`. */
  isLive(sid: string): boolean {
    const session = this.sessions.get(sid);
    return !!session && session.serial > this.expiredUpTo && session.expiresAt > this.rules.now();
  }

  /** Called by a test: every cookie set so far is refused from now on, though it may still be renewed. */
  expire(): void {
    this.expiredUpTo = this.serial;
  }

  /** Called by a test: no cookie set so far can be renewed. */
  revoke(): void {
    this.revokedUpTo = this.serial;
  }
}
