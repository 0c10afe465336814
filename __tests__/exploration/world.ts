import type { Step } from '../../lib/session/protocol.js';
import type { Holding } from '../../lib/session/state.js';
import type { StoreEntry } from '../../lib/stores/store.js';
import type { Token } from '../../lib/token.js';

/** Everything there is: two holders of one session, the register, the lock, the token server, and messages on their way. */
export interface World {
  readonly register: StoreEntry;
  readonly lock: Lock;
  readonly families: Readonly<Record<string, Family>>;
  readonly holders: readonly [Holder, Holder];
  /** Requests that were given up, and may still come. */
  readonly strays: readonly Stray[];
  /** How often each action and each fault may still happen. */
  readonly left: Readonly<Record<string, number>>;
  readonly facts: Facts;
}

/** The operation that holds the lock, and those that wait for it, first come first served. */
export interface Lock {
  readonly owner?: Place | undefined;
  readonly queue: readonly Place[];
}

/** An operation of a holder. */
export interface Place {
  readonly holder: number;
  readonly op: number;
}

/** What the server knows of the tokens of one sign-in: it rotates, and detects reuse. */
export interface Family {
  /** The number of the refresh token that it would accept. */
  readonly newest: number;
  /** Its newest token never reached anybody: the one fault that nothing covers. */
  readonly excused: boolean;
  /** It was revoked: nothing is accepted. */
  readonly over: boolean;
}

export interface Stray {
  readonly holder: number;
  readonly write?: StoreEntry;
  readonly by?: OpKind;
  readonly ask?: Token;
  /** The server has answered; the answer is under way. */
  readonly answer?: Token | undefined;
}

export interface Holder {
  readonly name: 'A' | 'B';
  readonly holding: Holding;
  /** The highest version it has used or seen. */
  readonly highest: number;
  /** Writes of a version that it had used before. */
  readonly repeats: number;
  readonly generation: number;
  readonly wishes: number;
  readonly pending?: { readonly op: number; readonly kind: 'refresh' | 'signIn' } | undefined;
  readonly mark?: { readonly entry: StoreEntry; readonly over: boolean } | undefined;
  readonly ops: readonly Op[];
  /** Sessions that a sign-out was asked for here. */
  readonly gone: readonly string[];
}

export type OpKind = 'refresh' | 'signIn' | 'signOut' | 'endAgain' | 'update' | 'read';

/** An operation under way: its generator can't be copied, so it is run again from its start with what it was given. */
export interface Op {
  readonly number: number;
  readonly kind: OpKind;
  readonly session: string;
  readonly token?: Token | undefined;
  readonly wish: number;
  readonly log: readonly Fed[];
  /** The log as text, to tell two of them apart. */
  readonly past: string;
  readonly at: 'waiting' | 'queued' | 'marked' | 'paused';
  readonly message?: Message | undefined;
  readonly lock: 'none' | 'held' | 'lost' | 'lostUnaware';
  readonly retries: number;
  readonly writes: number;
  /** The sessions that this sign-out ends. */
  readonly ends: readonly string[];
}

/** One result of a step. */
export type Fed = { readonly value: unknown } | { readonly error: unknown };

/** A request that was sent, or its response. */
export interface Message {
  readonly step: Extract<Step, { do: 'read' | 'write' | 'ask' }>;
  readonly entry?: StoreEntry | undefined;
  readonly landed: boolean;
  readonly answer?: StoreEntry | Token | 'refused' | undefined;
  readonly resent?: boolean;
}

/** What was promised so far. */
export interface Facts {
  /** Sessions with a sign-out that has resolved. */
  readonly signedOut: readonly string[];
  /** Sessions that a sign-out was asked for, whatever came of it. */
  readonly ending: readonly string[];
}

/** The token of a sign-in that came of so many refreshes. */
export function tokenOf(session: string, number: number): Token {
  const name = `${session}.${number}`;
  return { accessToken: name, refreshToken: name, issuedAt: 0 };
}

export function numberOf(refreshToken: string): { session: string; number: number } {
  const at = refreshToken.indexOf('.');
  return { session: refreshToken.slice(0, at), number: Number(refreshToken.slice(at + 1)) };
}

/** The contract: the higher version wins, and the answer is what is there then. */
export function written(register: StoreEntry, next: StoreEntry): StoreEntry {
  return next.version > register.version ? next : register;
}

export function firstWorld(left: Record<string, number>): World {
  const stored: StoreEntry = { version: 1, id: 'first', session: 's0', token: tokenOf('s0', 0) };
  return {
    register: stored,
    lock: { queue: [] },
    families: { s0: { newest: 0, excused: false, over: false } },
    holders: [firstHolder('A', stored), firstHolder('B', stored)],
    strays: [],
    left,
    facts: { signedOut: [], ending: [] },
  };
}

function firstHolder(name: 'A' | 'B', stored: StoreEntry): Holder {
  const current = { generation: 1, session: 's0', token: stored.token as Token, identity: 's0', dueAt: 0 };
  const holding: Holding = { state: { is: 'active', current }, stored, signedOut: [] };
  return { name, holding, highest: 1, repeats: 0, generation: 1, wishes: 0, ops: [], gone: [] };
}
