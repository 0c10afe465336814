import type { StoreEntry } from 'axios-bearer';
import { type Context, isAllowed } from './allowed-outcomes.js';
import type { Call, End, HolderFacts } from './call.js';
import { BOUND, HOLD, LIFETIME, MAX_REPLAYS, OPTIONS } from './options.js';
import type { Reply, Server } from './server.js';
import type { Simulation } from './simulation.js';
import type { Database } from './store.js';
import type { Grant } from './tokens.js';
import type { bearerOf } from './transport.js';

/** Watches the laws while a run lasts. What it finds is kept: thrown, it would be taken for a fault of the network. */
export class Judge implements Context {
  readonly broken: string[] = [];
  readonly holders: HolderFacts[] = [];
  /** ms; the highest that the wall clock has shown. */
  highest = 0;
  jumped = false;
  /** ms; since when the API refuses every token. */
  stormSince: number | undefined;
  readonly #refreshes: number[] = [];
  readonly #users = new Map<string, string>();
  readonly #failures = new Map<string, string>();
  /** Of each refresh token. */
  readonly #marks = new Map<string, { by: string; at: number }[]>();
  #signedOut = 0;

  constructor(
    readonly server: Server,
    readonly simulation: Simulation,
    readonly database: Database,
  ) {}

  check(holds: boolean, law: string): void {
    if (!holds) this.broken.push(law);
  }

  get alone(): boolean {
    return this.holders.length === 1;
  }

  get troubled(): boolean {
    return this.database.troubled || this.simulation.slow;
  }

  /** A sign-in failed: it may have been stored, or be stored later. */
  get unsure(): boolean {
    return this.holders.some(({ calls }) => calls.some(({ kind, end }) => kind === 'signIn' && end?.code));
  }

  /** A request is on the wire. */
  sends(call: Call, { token, well }: ReturnType<typeof bearerOf>): void {
    const access = this.server.accesses.get(token ?? '');
    const user = access?.family.user;
    this.check(well, 'L15 the header is not one Bearer token, written once');
    this.check(!token || access !== undefined, 'L11 a token on the wire that no server gave');
    // While nobody is signed in, a request looks into the store first.
    const looked = call.holder.looks && call.users.every((each) => each === undefined);
    const known = !this.alone || looked || call.users.includes(user);
    this.check(!user || known, `L21 the token of ${user} on a request of ${call.users}`);
    this.check(
      call.sends.every((sent) => !user || !sent || sent === user),
      'L21 tokens of two users on one request',
    );
    call.sends.push(user);
    const { holder } = call;
    const returned = access && holder.disowned.has(access.family) && call.began > holder.ended;
    this.check(!returned, 'L22 a token of a session that was signed out here');
    if (access) holder.families.add(access.family);
    this.check(call.sends.length <= 1 + MAX_REPLAYS, 'L6 a request was sent too often');
  }

  /** A request waits. */
  waits(holder: HolderFacts, url: string, after: 'held' | '401'): void {
    const call = holder.calls.find((each) => each.url === url) as Call;
    // Of the reading of the store nothing is told.
    call.flight = holder.refreshing ? holder.flights : 0;
    const { expiresAt = 0 } = holder.session.state as { expiresAt?: number };
    const live = Date.now() < expiresAt && !call.options.minValidity && holder.refreshing;
    // One that a 401 has refused does not serve (L2).
    const isDoubted = [...this.server.accesses.values()].some(
      (access) => access.refused && holder.families.has(access.family),
    );
    this.check(!live || isDoubted || after === '401', 'L10 a live token does not serve while its refresh is under way');
  }

  /** A source is asked to refresh. */
  asks(holder: HolderFacts, presented: string | undefined): void {
    const grant = this.server.grants.get(presented ?? '');
    this.check(grant !== undefined, 'L11 a refresh with no refresh token, though one was given');
    if (!grant) return;
    this.#afterHold(grant);
    this.check(
      !grant.over || grant.family.doomed,
      'L3 a refresh token is presented again after a success or a definite refusal',
    );
    this.check(!grant.open, 'L1 a refresh token is presented twice at a time');
    grant.open = true;
    const wanted =
      grant.wanted ||
      holder.calls.some(({ end, kind, options }) => !end && (kind === 'refresh' || options.minValidity));
    const due = this.#isDue(grant) || wanted || grant.presented > 0 || grant.family.doomed;
    this.check(
      due || grant.access.refused,
      'L2 a refresh that nothing asked for: the token is neither refused nor due',
    );
    grant.presented += 1;
    if (!due) this.#afterRefusal(holder);
    this.#heldOff(holder);
  }

  /** A call to the token endpoint is over, for its caller. */
  heard(presented: string | undefined): void {
    const grant = this.server.grants.get(presented ?? '');
    if (grant) grant.open = false;
  }

  /** An answer of the token endpoint has arrived, or the caller had given up before. */
  answered(presented: string | undefined, { status, data }: Reply, heard: boolean): void {
    const grant = this.server.grants.get(presented ?? '');
    if (!grant) return;
    const made = this.server.accesses.get((data as { access_token?: string } | undefined)?.access_token ?? '');
    if (made) made.from = Date.now();
    if (made && !heard) grant.family.doomed ||= grant.spent;
    if (made && heard && !grant.spent) Object.assign(grant, { access: made, wanted: false, presented: 0 });
    if (heard && (status === 400 || status === 401 || (made && grant.spent))) grant.over = true;
  }

  sessionEnded(holder: HolderFacts, reason: string): void {
    if (reason === 'rejected') {
      this.check(holder.refused > holder.signedIn, 'L10 a session ended without a definite refusal');
    }
    if (reason === 'elsewhere') {
      this.check(!this.alone || this.troubled, 'L10 a session ended elsewhere, and there is nobody else');
    }
  }

  signedOut({ began }: Call): void {
    // A sign-in that was under way may have come after it.
    const signsIn = this.holders.some(
      ({ pending, asked, signedIn }) => pending > 0 || Math.max(asked, signedIn) > began,
    );
    this.#signedOut = signsIn ? 0 : this.simulation.fact();
  }

  /** Something was written to the store. */
  wrote({ session, token, sent }: StoreEntry): void {
    if (!token) return;
    if (sent) this.#marked(token.refreshToken as string, sent);
    const asked = this.holders.some((holder) => holder.pending > 0 || holder.asked > this.#signedOut);
    const family = this.server.accesses.get(token.accessToken)!.family;
    this.check(!this.#signedOut || asked || this.unsure, 'L22 a token was stored after signOut() resolved');
    const whose = this.#users.get(session) ?? family.user;
    this.check(whose === family.user, 'L21 a session was given tokens of another user');
    this.#users.set(session, family.user);
  }

  #marked(refreshToken: string, by: string): void {
    const marks = this.#marks.get(refreshToken) ?? [];
    this.#marks.set(refreshToken, [...marks, { by, at: this.simulation.elapsed() }]);
  }

  /** A holder that has marked a refresh token, and wrote nothing for so long, was killed or can't write: it is tried. */
  #afterHold(grant: Grant): void {
    const marks = this.#marks.get(grant.token) ?? [];
    const now = this.simulation.elapsed();
    const own = marks.at(-1)?.by;
    if (marks.some(({ by, at }) => by !== own && now - at >= HOLD)) grant.family.doomed = true;
  }

  ends(call: Call, end: End): void {
    const { holder, flight } = call;
    this.check(isAllowed(call, end, this), `L8 ${call.kind} ended with ${end.code ?? end.status} for no reason`);
    const waits = call.kind === 'token' || call.kind === 'refresh';
    this.check(!waits || this.simulation.elapsed() - call.at <= 3 * BOUND, 'L24 a caller waited for too long');
    if (call.kind !== 'request' || !end.error) return;
    const { config, message, cause } = end.error;
    this.check(config?.url === call.url, 'L8 an error bears the config of another request, or none');
    // Each caller is bounded from when it joined.
    if (!flight || !FAILED.includes(end.code ?? '') || message.startsWith('No token came within')) return;
    const how = `${end.code}: ${message}: ${cause?.message}`;
    const before = this.#failures.get(`${holder.name}${flight}`) ?? how;
    this.check(before === how, `L8 one flight, two failures: ${before} and ${how}`);
    this.#failures.set(`${holder.name}${flight}`, how);
  }

  /** By the wall clock at its highest, or by the timer, which doesn't care for it. */
  #isDue({ access }: Grant): boolean {
    const leeway = LIFETIME / 5;
    const byClock = Math.max(this.highest, Date.now()) >= access.from + LIFETIME - leeway;
    return byClock || this.simulation.elapsed() >= access.expiresAt - leeway;
  }

  /** L7: a 401 is why; in a storm no refresh helps. */
  #afterRefusal({ simulation }: HolderFacts): void {
    if (this.stormSince === undefined || this.jumped) return;
    const { limit, interval } = OPTIONS.refreshWindow;
    const now = simulation.elapsed();
    this.#refreshes.push(now);
    const recent = this.#refreshes.filter((at) => at > now - interval).length;
    // Once per interval a target that had accepted a token before may pass.
    this.check(recent <= (limit + 1) * this.holders.length, 'L7 too many refreshes that did not help');
  }

  /** L8: the backoff, or the server’s own wish. */
  #heldOff({ failure, simulation, calls }: HolderFacts): void {
    // An attempt that the store held up may be over before its source.
    if (!failure || this.troubled) return;
    // session.refresh() does not wait for a network.
    if (failure.offline && calls.some(({ kind, at }) => kind === 'refresh' && at >= failure.at)) return;
    const gone = simulation.elapsed() - failure.at;
    const jumped = Date.now() - failure.wall !== gone;
    this.check(jumped || gone >= failure.wait, 'L8 an attempt came sooner than the backoff or the server says');
  }
}

const FAILED = ['ERR_BEARER_UNAVAILABLE', 'ERR_BEARER_TOKEN', 'ERR_BEARER_REJECTED', 'ERR_BEARER_STORE'];
