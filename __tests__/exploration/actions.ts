import type { Effect } from '../../lib/session/effects.js';
import { Failure } from '../../lib/session/failure.js';
import { currentIn } from '../../lib/session/state.js';
import type { StoreEntry } from '../../lib/stores/store.js';
import type { Token } from '../../lib/token.js';
import { type Draft, type Ending, type Session, same, setOf } from './draft.js';
import { apply, goOn, revoke } from './run-protocol.js';
import { type Op, type OpKind, type Place, tokenOf } from './world.js';

export type Action = 'refresh' | 'signIn' | 'signOut' | 'update' | 'read';

export const ACTIONS: readonly Action[] = ['refresh', 'signIn', 'signOut', 'update', 'read'];

/** May the app, or a hint, begin this now? */
export function mayBegin(draft: Pick<Draft, 'world'>, index: number, action: Action): boolean {
  const { world } = draft;
  const holder = world.holders[index] as Draft['world']['holders'][number];
  if (!world.left[action]) return false;
  if (action === 'signIn' || action === 'signOut') return true;
  if (action === 'read') return !holder.pending && !holder.ops.some(({ kind }) => kind === 'read');
  const current = currentIn(holder.holding.state);
  return current?.token.refreshToken !== undefined && (action === 'update' || !holder.pending);
}

export function begin(draft: Draft, index: number, action: Action): void {
  draft.spend(action);
  BEGINNINGS[action](draft, index);
}

const BEGINNINGS: Record<Action, (draft: Draft, index: number) => void> = {
  refresh: beginRefresh,
  signIn: beginSignIn,
  signOut: beginSignOut,
  update: beginUpdate,
  read: (draft, index) => goOn(draft, add(draft, index, 'read', {})),
};

export function beginRefresh(draft: Draft, index: number): void {
  const place = add(draft, index, 'refresh', { retries: 1 });
  draft.setHolder(index, { pending: { op: place.op, kind: 'refresh' } });
  queue(draft, place);
}

function beginSignIn(draft: Draft, index: number): void {
  const session = `s${Object.keys(draft.world.families).length}`;
  draft.setFamily(session, {});
  const place = add(draft, index, 'signIn', { session, token: tokenOf(session, 0), wish: wish(draft, index) });
  draft.setHolder(index, { pending: { op: place.op, kind: 'signIn' } });
  goOn(draft, place);
}

function beginSignOut(draft: Draft, index: number): void {
  const { state, stored } = draft.holder(index).holding;
  const held = state.is === 'active' ? (state.unsaved?.token ?? state.current.token) : undefined;
  const current = currentIn(state);
  const session = current?.session ?? stored?.session ?? `out${draft.holder(index).name}`;
  const ends = current ? [session] : [];
  const { ops, gone } = draft.holder(index);
  const arriving = ops.filter(({ kind }) => kind === 'signIn').map((op) => op.session);
  draft.setHolder(index, { gone: setOf(gone, ...ends, ...arriving) });
  draft.know({ ending: setOf(draft.world.facts.ending, ...ends) });
  const place = add(draft, index, 'signOut', { session, ends, wish: wish(draft, index) });
  goOn(draft, place);
  apply(draft, index, { is: 'signOut' });
  if (held) revoke(draft, held);
}

function beginUpdate(draft: Draft, index: number): void {
  const { holding, name, generation } = draft.holder(index);
  if (holding.state.is !== 'active') return;
  const { current, unsaved } = holding.state;
  const { refreshToken } = unsaved?.token ?? current.token;
  const token: Token = {
    accessToken: `${current.session}.u${name}${draft.world.left.update}`,
    refreshToken: refreshToken as string,
    issuedAt: 0,
  };
  const next = { ...current, token, generation: generation + 1 };
  apply(draft, index, {
    is: 'updated',
    current: next,
    unsaved: { token, presented: unsaved?.presented ?? (current.token.refreshToken as string) },
  });
  const place = add(draft, index, 'update', { session: current.session, token });
  if (draft.variant.updatesUnlocked) goOn(draft, place);
  else queue(draft, place);
}

/** A sign-out that a transition asks for, until it is stored. */
function endAgain(draft: Draft, index: number, { session, only }: Extract<Effect, { do: 'signOut' }>): void {
  const { ops } = draft.holder(index);
  if (ops.some((op) => op.kind === 'endAgain' && op.session === session && op.token === only)) return;
  goOn(draft, add(draft, index, 'endAgain', { session, token: only }));
}

function wish(draft: Draft, index: number): number {
  const wishes = draft.holder(index).wishes + 1;
  draft.setHolder(index, { wishes });
  return wishes;
}

function add(draft: Draft, index: number, kind: OpKind, op: Partial<Op>): Place {
  const { ops } = draft.holder(index);
  let number = 1;
  while (ops.some((op) => op.number === number)) number++;
  const blank = {
    session: '',
    wish: 0,
    log: [],
    past: '',
    at: 'waiting',
    lock: 'none',
    retries: 0,
    writes: 0,
    ends: [],
  } as const;
  draft.setHolder(index, { ops: [...ops, { ...blank, number, kind, ...op }] });
  return { holder: index, op: number };
}

/** Waits for the lock. */
export function queue(draft: Draft, place: Place): void {
  draft.setOp(place, { at: 'queued', log: [], past: '' });
  const { lock } = draft.world;
  draft.world.lock = { ...lock, queue: [...lock.queue, place] };
  grant(draft);
}

/** Gives the lock to the first that waits, if it is free. */
function grant(draft: Draft): void {
  const { owner, queue } = draft.world.lock;
  const [next, ...others] = queue;
  if (owner || !next) return;
  draft.world.lock = { owner: next, queue: others };
  draft.setOp(next, { lock: 'held', at: 'waiting' });
  goOn(draft, next);
}

/** It is unlocked, or the lock is lost. */
export function unlock(draft: Draft, place: Place): void {
  const { lock } = draft.world;
  if (!same(lock.owner, place)) return;
  draft.world.lock = { queue: lock.queue };
  grant(draft);
}

/** What the session does with what an operation has come to. */
function finish(draft: Draft, place: Place, ending: Ending): void {
  const op = draft.op(place) as Op;
  draft.setOp(place, { message: undefined, lock: 'none', log: [], past: '' });
  const isGoingOn = op.kind === 'refresh' && goesOn(draft, place, op, ending);
  if (!isGoingOn) end(draft, place, op, ending);
  unlock(draft, place);
}

function goesOn(draft: Draft, place: Place, op: Op, ending: Ending): boolean {
  const { pending } = draft.holder(place.holder);
  if (pending?.op !== op.number) return false;
  if ('outcome' in ending) {
    if (ending.outcome?.kind !== 'marked') return false;
    wait(draft, place, ending.outcome.entry);
    return true;
  }
  const { error } = ending;
  if (!(error instanceof Failure) || error.kind === 'rejected' || op.retries === 0) return false;
  draft.setOp(place, { at: 'paused', retries: op.retries - 1, writes: 0 });
  return true;
}

function wait(draft: Draft, place: Place, entry: StoreEntry): void {
  const { mark } = draft.holder(place.holder);
  if (mark?.entry.id !== entry.id) draft.setHolder(place.holder, { mark: { entry, over: false } });
  draft.setOp(place, { at: 'marked' });
}

function end(draft: Draft, place: Place, op: Op, ending: Ending): void {
  draft.removeOp(place);
  const { pending } = draft.holder(place.holder);
  if (pending?.op === op.number) draft.setHolder(place.holder, { pending: undefined });
  if ('error' in ending) return;
  if (op.kind === 'signOut') draft.know({ signedOut: setOf(draft.world.facts.signedOut, ...op.ends) });
}

export const session: Session = { finish, endAgain };
