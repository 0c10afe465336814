import { Failure } from '../../lib/session/failure.js';
import { currentIn } from '../../lib/session/state.js';
import type { StoreEntry } from '../../lib/stores/store.js';
import type { Token } from '../../lib/token.js';
import { type Ending, type Scene, type Session, same, setOf } from './draft.js';
import { apply, goOn, revoke } from './run-protocol.js';
import { type Op, type OpKind, type Place, tokenOf } from './world.js';

export type Action = 'refresh' | 'signIn' | 'signOut' | 'update' | 'read';

export const ACTIONS: readonly Action[] = ['refresh', 'signIn', 'signOut', 'update', 'read'];

/** May the app, or a hint, begin this now? */
export function mayBegin(scene: Pick<Scene, 'world'>, index: number, action: Action): boolean {
  const { world } = scene;
  const holder = world.holders[index] as Scene['world']['holders'][number];
  if (!world.left[action]) return false;
  if (action === 'signIn' || action === 'signOut') return true;
  if (action === 'read') return !holder.pending && !holder.ops.some(({ kind }) => kind === 'read');
  const current = currentIn(holder.holding.state);
  return current?.token.refreshToken !== undefined && (action === 'update' || !holder.pending);
}

export function begin(scene: Scene, index: number, action: Action): void {
  scene.spend(action);
  BEGINNINGS[action](scene, index);
}

const BEGINNINGS: Record<Action, (scene: Scene, index: number) => void> = {
  refresh: beginRefresh,
  signIn: beginSignIn,
  signOut: beginSignOut,
  update: beginUpdate,
  read: (scene, index) => goOn(scene, add(scene, index, 'read', {})),
};

export function beginRefresh(scene: Scene, index: number): void {
  const place = add(scene, index, 'refresh', { retries: 1 });
  scene.setHolder(index, { pending: { op: place.op, kind: 'refresh' } });
  queue(scene, place);
}

function beginSignIn(scene: Scene, index: number): void {
  const session = `s${Object.keys(scene.world.families).length}`;
  scene.setFamily(session, {});
  const place = add(scene, index, 'signIn', { session, token: tokenOf(session, 0), wish: wish(scene, index) });
  scene.setHolder(index, { pending: { op: place.op, kind: 'signIn' } });
  goOn(scene, place);
}

function beginSignOut(scene: Scene, index: number): void {
  const { state, stored } = scene.holder(index).holding;
  const held = state.is === 'active' ? (state.unsaved?.token ?? state.current.token) : undefined;
  const current = currentIn(state);
  const session = current?.session ?? stored?.session ?? `out${scene.holder(index).name}`;
  const ends = current ? [session] : [];
  const { ops, gone } = scene.holder(index);
  const arriving = ops.filter(({ kind }) => kind === 'signIn').map((op) => op.session);
  scene.setHolder(index, { gone: setOf(gone, ...ends, ...arriving) });
  scene.know({ ending: setOf(scene.world.facts.ending, ...ends) });
  const place = add(scene, index, 'signOut', { session, ends, wish: wish(scene, index) });
  goOn(scene, place);
  apply(scene, index, { is: 'signOut' });
  if (held) revoke(scene, held);
}

function beginUpdate(scene: Scene, index: number): void {
  const { holding, name, generation } = scene.holder(index);
  if (holding.state.is !== 'active') return;
  const { current, unsaved } = holding.state;
  const { refreshToken } = unsaved?.token ?? current.token;
  const token: Token = {
    accessToken: `${current.session}.u${name}${scene.world.left.update}`,
    refreshToken: refreshToken as string,
    issuedAt: 0,
  };
  const next = { ...current, token, generation: generation + 1 };
  apply(scene, index, {
    is: 'updated',
    current: next,
    unsaved: { token, presented: unsaved?.presented ?? (current.token.refreshToken as string) },
  });
  const place = add(scene, index, 'update', { session: current.session, token });
  if (scene.variant.updatesUnlocked) goOn(scene, place);
  else queue(scene, place);
}

/** A sign-out that a transition asks for, until it is stored. */
function endAgain(scene: Scene, index: number, session: string): void {
  const { ops } = scene.holder(index);
  if (ops.some((op) => op.kind === 'endAgain' && op.session === session)) return;
  goOn(scene, add(scene, index, 'endAgain', { session }));
}

function wish(scene: Scene, index: number): number {
  const wishes = scene.holder(index).wishes + 1;
  scene.setHolder(index, { wishes });
  return wishes;
}

function add(scene: Scene, index: number, kind: OpKind, op: Partial<Op>): Place {
  const { ops } = scene.holder(index);
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
  scene.setHolder(index, { ops: [...ops, { ...blank, number, kind, ...op }] });
  return { holder: index, op: number };
}

/** Waits for the lock. */
export function queue(scene: Scene, place: Place): void {
  scene.setOp(place, { at: 'queued', log: [], past: '' });
  const { lock } = scene.world;
  scene.world.lock = { ...lock, queue: [...lock.queue, place] };
  grant(scene);
}

/** Gives the lock to the first that waits, if it is free. */
function grant(scene: Scene): void {
  const { owner, queue } = scene.world.lock;
  const [next, ...others] = queue;
  if (owner || !next) return;
  scene.world.lock = { owner: next, queue: others };
  scene.setOp(next, { lock: 'held', at: 'waiting' });
  goOn(scene, next);
}

/** It is unlocked, or the lock is lost. */
export function unlock(scene: Scene, place: Place): void {
  const { lock } = scene.world;
  if (!same(lock.owner, place)) return;
  scene.world.lock = { queue: lock.queue };
  grant(scene);
}

/** What the session does with what an operation has come to. */
function finish(scene: Scene, place: Place, ending: Ending): void {
  const op = scene.op(place) as Op;
  scene.setOp(place, { message: undefined, lock: 'none', log: [], past: '' });
  const isGoingOn = op.kind === 'refresh' && goesOn(scene, place, op, ending);
  if (!isGoingOn) end(scene, place, op, ending);
  unlock(scene, place);
}

function goesOn(scene: Scene, place: Place, op: Op, ending: Ending): boolean {
  const { pending } = scene.holder(place.holder);
  if (pending?.op !== op.number) return false;
  if ('outcome' in ending) {
    if (ending.outcome?.kind !== 'marked') return false;
    wait(scene, place, ending.outcome.entry);
    return true;
  }
  const { error } = ending;
  if (!(error instanceof Failure) || error.kind === 'rejected' || op.retries === 0) return false;
  scene.setOp(place, { at: 'paused', retries: op.retries - 1, writes: 0 });
  return true;
}

function wait(scene: Scene, place: Place, entry: StoreEntry): void {
  const { mark } = scene.holder(place.holder);
  if (mark?.entry.id !== entry.id) scene.setHolder(place.holder, { mark: { entry, over: false } });
  scene.setOp(place, { at: 'marked' });
}

function end(scene: Scene, place: Place, op: Op, ending: Ending): void {
  scene.removeOp(place);
  const { pending } = scene.holder(place.holder);
  if (pending?.op === op.number) scene.setHolder(place.holder, { pending: undefined });
  if ('error' in ending) return;
  if (op.kind === 'signOut') scene.know({ signedOut: setOf(scene.world.facts.signedOut, ...op.ends) });
}

export const session: Session = { finish, endAgain };
