import type { AxiosError } from 'axios';
import type { Session } from 'axios-bearer';
import type { Simulation } from './simulation.js';
import type { Family } from './tokens.js';

/** What is known of a holder from outside. `fact`: the number of what happened, in order. */
export interface HolderFacts {
  readonly name: string;
  readonly session: Session;
  readonly simulation: Simulation;
  readonly calls: Call[];
  /** Who may be signed in, as far as the app can tell; `undefined`: nobody. */
  readonly users: (string | undefined)[];
  /** Sign-ins that have not settled. */
  readonly pending: number;
  /** The fact of the latest call of signIn(), of the latest sign-in, of the latest end, of the latest definite refusal. */
  readonly asked: number;
  readonly signedIn: number;
  readonly ended: number;
  readonly refused: number;
  /** signOut() was called last; close() was called. */
  readonly out: boolean;
  readonly closed: boolean;
  /** The latest transient failure of the source: when (ms, true and by the wall clock), and how long nothing is to be tried. */
  readonly failure: { at: number; wall: number; wait: number; offline: boolean } | undefined;
  /** ms; until when one may hear of it, or of a lock that was not had. */
  readonly failedUntil: number;
  /** Its store may be shared. */
  readonly looks: boolean;
  /** A token request is on its way for longer than anybody waits. */
  readonly waitsLong: boolean;
  /** The token families that it has had; those that it had when it was signed out. */
  readonly families: Set<Family>;
  readonly disowned: Set<Family>;
  readonly flights: number;
  /** A flight is under way, and no sign-in has taken its place. */
  readonly refreshing: boolean;
}

/** How a call ended: with a status, or a code. */
export interface End {
  status?: number | undefined;
  code?: string | undefined;
  user?: string | undefined;
  error?: AxiosError & { cause?: Error };
}

/** Something that was asked of a holder, and what became of it. */
export class Call {
  readonly url: string;
  /** The number of the fact. */
  readonly began: number;
  /** ms */
  readonly at: number;
  readonly users: HolderFacts['users'];
  readonly signedIn: number;
  readonly ended: number;
  /** Whose token it was sent with, each time. */
  readonly sends: (string | undefined)[] = [];
  readonly abort: AbortController | undefined;
  /** The flight that it waited for last. */
  flight = 0;
  end: End | undefined;
  /** Its end has been judged. */
  over: Promise<void> | undefined;

  constructor(
    readonly kind: 'request' | 'token' | 'refresh' | 'signIn' | 'signOut',
    readonly holder: HolderFacts,
    readonly options: { abortable?: boolean; replay?: boolean; minValidity?: number },
  ) {
    const { simulation, users, signedIn, ended } = holder;
    this.began = simulation.fact();
    this.at = simulation.elapsed();
    this.users = [...users];
    this.signedIn = signedIn;
    this.ended = ended;
    this.url = `/${kind}/${this.began}`;
    this.abort = options.abortable ? new AbortController() : undefined;
  }

  async follow(work: Promise<unknown>): Promise<End> {
    try {
      const { data } = ((await work) ?? {}) as { data?: { user: string } };
      this.end = { status: 200, user: data?.user };
    } catch (thrown) {
      const error = thrown as NonNullable<End['error']>;
      this.end = { status: error.response?.status, code: error.code, error };
    }
    return this.end;
  }
}
