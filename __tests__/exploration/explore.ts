import { ACTIONS, type Action, begin, mayBegin, queue, session } from './actions.js';
import { Draft } from './draft.js';
import { isQuiet, judgeQuiet } from './judge.js';
import { deliver, empty, giveUp, land, landStray, loseAsk, loseLock, refuse, resend } from './messages.js';
import { keyOf } from './state-key.js';
import type { Variant } from './variant.js';
import type { Op, Place, World } from './world.js';

export type Fault = 'giveUp' | 'answerLost' | 'requestLost' | 'refuse' | 'resend' | 'lockLost' | 'lockLostUnaware';

/** The store loses what it holds, and a third holder signs in to it. */
export type Loss = 'emptied';

/** One thing that can happen. */
export type Move =
  | { is: 'begin'; holder: number; action: Action }
  | { is: 'land' | 'deliver' | 'wake' | 'goOnByTime' | 'retry' | Fault; place: Place }
  | { is: Loss }
  | { is: 'stray'; index: number };

export interface Node {
  readonly world: World;
  readonly move?: Move;
  readonly before?: Node | undefined;
  readonly depth: number;
}

export interface Found {
  readonly states: number;
  readonly depth: number;
  readonly ms: number;
  /** Was every state seen? */
  readonly whole: boolean;
  readonly broken?: { law: string; path: Move[] };
}

interface Limits {
  readonly faults: readonly (Fault | Loss)[];
  readonly variant: Variant;
  /** `broad`: the shortest schedule is found first. */
  readonly order: 'broad' | 'deep';
  readonly states: number;
  /** Steps, at most; with `broad`. */
  readonly steps?: number | undefined;
}

export function explore(
  first: World,
  { faults, variant, order, states, steps = Number.POSITIVE_INFINITY }: Limits,
): Found {
  const begun = performance.now();
  const seen = new Set<number>([keyOf(first)]);
  const agenda: Node[] = [{ world: first, depth: 0 }];
  let depth = 0;
  let next = 0;
  const found = (whole: boolean, broken?: Found['broken']): Found => {
    return { states: seen.size, depth, ms: performance.now() - begun, whole, ...(broken && { broken }) };
  };
  while (order === 'deep' ? agenda.length : next < agenda.length) {
    const node = (order === 'deep' ? agenda.pop() : agenda[next]) as Node;
    if (order === 'broad') agenda[next++] = undefined as never;
    depth = Math.max(depth, node.depth);
    const moves = movesIn(node.world, faults);
    const law = isQuiet(node.world) ? judgeQuiet(node.world) : moves.length === 0 && 'An operation never ends (L24)';
    if (law) return found(false, { law, path: pathTo(node) });
    for (const move of moves) {
      const draft = new Draft(node.world, variant, session);
      happen(draft, move);
      const after = { world: draft.world, move, before: node, depth: node.depth + 1 };
      if (draft.broken) return found(false, { law: draft.broken, path: pathTo(after) });
      const key = keyOf(draft.world);
      if (seen.has(key)) continue;
      seen.add(key);
      agenda.push(after);
    }
    if (seen.size > states) return found(false);
    if (node.depth === steps) return found(false);
  }
  return found(true);
}

function pathTo(node: Node): Move[] {
  const path: Move[] = [];
  for (let at: Node | undefined = node; at?.move; at = at.before) path.unshift(at.move);
  return path;
}

export function movesIn(world: World, faults: readonly (Fault | Loss)[]): Move[] {
  const moves: Move[] = [];
  const may = world.left.fault ? faults : [];
  const ofMessages = may.filter((fault) => fault !== 'emptied');
  for (const [holder, { ops }] of world.holders.entries()) {
    for (const op of ops) addMoves(moves, world, op, { holder, op: op.number }, ofMessages);
  }
  // What is under way then can't be told from what comes after it: no store can compare with what it has lost.
  if (may.includes('emptied') && isQuiet(world) && world.strays.length === 0) moves.push({ is: 'emptied' });
  for (const index of world.strays.keys()) moves.push({ is: 'stray', index });
  for (const action of ACTIONS) {
    for (const holder of [0, 1]) if (mayBegin({ world }, holder, action)) moves.push({ is: 'begin', holder, action });
  }
  return moves;
}

function addMoves(moves: Move[], world: World, op: Op, place: Place, faults: readonly Fault[]): void {
  if (op.at === 'paused') moves.push({ is: 'retry', place });
  if (op.at === 'marked' && isMarkGone(world, place)) moves.push({ is: 'wake', place });
  if (op.at === 'marked' && isMarkOver(world, place)) moves.push({ is: 'goOnByTime', place });
  if (op.message) moves.push({ is: op.message.landed ? 'deliver' : 'land', place });
  for (const is of faults) if (mayFail(op, is)) moves.push({ is, place });
}

function isMarkGone({ register, holders }: World, { holder }: Place): boolean {
  const { mark, holding } = holders[holder] as World['holders'][number];
  const isOf = register.sent === mark?.entry.sent && register.token?.refreshToken === mark?.entry.token?.refreshToken;
  return !isOf || holding.state.is !== 'active';
}

/** `holdMs` have passed, longer than any call takes: the other holder is at nothing any more, and has nothing to write. */
function isMarkOver({ holders }: World, { holder }: Place): boolean {
  const { mark } = holders[holder] as World['holders'][number];
  const { ops, holding } = holders[1 - holder] as World['holders'][number];
  const { state } = holding;
  const isAtIt = ops.some(({ at }) => at === 'waiting');
  return !isAtIt && !(state.is === 'active' && state.unsaved?.presented === mark?.entry.token?.refreshToken);
}

function mayFail({ message, lock }: Op, fault: Fault): boolean {
  const does = message?.step.do;
  if (fault === 'lockLost' || fault === 'lockLostUnaware') return lock === 'held';
  if (fault === 'giveUp') return does === 'read' || does === 'write';
  if (fault === 'resend') return does === 'write' && Boolean(message?.landed) && !message?.resent;
  if (fault === 'answerLost') return does === 'ask';
  return does === 'ask' && !message?.landed;
}

/** What a move does. */
export function happen(draft: Draft, move: Move) {
  if (move.is === 'begin') return begin(draft, move.holder, move.action);
  if (move.is === 'stray') return landStray(draft, move.index);
  if (move.is === 'emptied') return empty(draft);
  const { is, place } = move;
  if (is === 'land') return land(draft, place);
  if (is === 'deliver') return deliver(draft, place);
  if (is === 'wake' || is === 'retry') return queue(draft, place);
  if (is === 'goOnByTime') return goOnByTime(draft, place);
  draft.spend('fault');
  fail(draft, is, place);
}

function fail(draft: Draft, fault: Fault, place: Place): void {
  if (fault === 'giveUp' || fault === 'answerLost') giveUp(draft, place);
  if (fault === 'requestLost') loseAsk(draft, place);
  if (fault === 'refuse') refuse(draft, place);
  if (fault === 'resend') resend(draft, place);
  if (fault === 'lockLost') loseLock(draft, place, true);
  if (fault === 'lockLostUnaware') loseLock(draft, place, false);
}

function goOnByTime(draft: Draft, place: Place): void {
  const { mark } = draft.holder(place.holder);
  if (mark) draft.setHolder(place.holder, { mark: { ...mark, over: true } });
  queue(draft, place);
}
