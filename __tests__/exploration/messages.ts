import type { StoreEntry } from '../../lib/stores/store.js';
import type { Token } from '../../lib/token.js';
import { beginRefresh, unlock } from './actions.js';
import { type Draft, isEntry } from './draft.js';
import { judgeWrite } from './judge.js';
import { apply, goOn, REFUSED, STORE, TRANSPORT } from './run-protocol.js';
import { type Message, numberOf, type Op, type OpKind, type Place, type Stray, tokenOf, written } from './world.js';

/** A request reaches the store or the server, which does it and answers. */
export function land(draft: Draft, place: Place): void {
  const { message, kind } = draft.op(place) as Op & { message: Message };
  const { step, entry } = message;
  if (entry) store(draft, entry, kind);
  const answer = step.do === 'ask' ? rotate(draft, step.token as Token) : draft.world.register;
  draft.setOp(place, { message: { ...message, landed: true, answer } });
}

function store(draft: Draft, entry: StoreEntry, by: OpKind): void {
  const before = draft.world.register;
  draft.world.register = written(before, entry);
  if (draft.world.register === entry && before.id !== entry.id) judgeWrite(draft, before, entry, by);
}

/** The token server: each refresh token once. */
function rotate(draft: Draft, { refreshToken }: Token): Token | 'refused' {
  const { session, number } = numberOf(refreshToken as string);
  const { newest, excused, over } = draft.world.families[session] as Draft['world']['families'][string];
  if (over) return 'refused';
  if (number < newest) {
    if (!excused) draft.breaks(`The refresh token ${refreshToken} was presented after it had been spent (L3)`);
    draft.setFamily(session, { over: true });
    return 'refused';
  }
  draft.setFamily(session, { newest: newest + 1 });
  return tokenOf(session, newest + 1);
}

/** The response reaches the holder. */
export function deliver(draft: Draft, place: Place) {
  const { message } = draft.op(place) as Op & { message: Message };
  const { answer, entry } = message;
  draft.setOp(place, { message: undefined });
  if (answer === 'refused') return goOn(draft, place, { error: REFUSED });
  if (!isEntry(answer)) return goOn(draft, place, { value: answer });
  const { highest } = draft.holder(place.holder);
  draft.setHolder(place.holder, { highest: Math.max(highest, answer.version) });
  if (!entry) return goOn(draft, place, { value: answer });
  const won = draft.variant.won?.(answer, entry) ?? answer.id === entry.id;
  goOn(draft, place, { value: { won, entry: answer } });
}

/** The caller waits no longer. The request may still come, or be done already. */
export function giveUp(draft: Draft, place: Place) {
  const { message, kind } = draft.op(place) as Op & { message: Message };
  const { step, entry, landed, answer } = message;
  const { holder } = place;
  draft.setOp(place, { message: undefined });
  if (step.do === 'ask') {
    draft.setFamily(numberOf(step.token?.refreshToken as string).session, { excused: true });
    if (answer !== 'refused') stray(draft, { holder, ask: step.token as Token, answer: answer as Token | undefined });
    return goOn(draft, place, { error: TRANSPORT });
  }
  if (entry && !landed) stray(draft, { holder, write: entry, by: kind });
  goOn(draft, place, { error: STORE });
}

/** The register is lost, and another user signs in to the new one. */
export function empty(draft: Draft): void {
  const session = 'other';
  draft.spend('fault');
  draft.setFamily(session, {});
  draft.world.register = { version: 1, id: session, session, token: tokenOf(session, 0) };
}

function stray(draft: Draft, stray: Stray): void {
  draft.world.strays = [...draft.world.strays, stray];
}

/** The token request is lost on its way: the server never sees it. */
export function loseAsk(draft: Draft, place: Place): void {
  draft.setOp(place, { message: undefined });
  goOn(draft, place, { error: TRANSPORT });
}

/** The server refuses for good. */
export function refuse(draft: Draft, place: Place): void {
  const { message } = draft.op(place) as Op & { message: Message };
  draft.setFamily(numberOf((message.step as { token: Token }).token.refreshToken as string).session, {
    over: true,
    excused: true,
  });
  draft.setOp(place, { message: { ...message, landed: true, answer: 'refused' } });
}

/** The store's own client sends the same entry again. */
export function resend(draft: Draft, place: Place): void {
  const { message } = draft.op(place) as Op & { message: Message };
  draft.setOp(place, { message: { ...message, landed: false, answer: undefined, resent: true } });
}

/** Another holder may have the lock from now on. `aware`: nothing is sent any more. */
export function loseLock(draft: Draft, place: Place, aware: boolean): void {
  draft.setOp(place, { lock: aware ? 'lost' : 'lostUnaware' });
  unlock(draft, place);
}

/** A request that was given up arrives after all, or its answer does. */
export function landStray(draft: Draft, index: number) {
  const { write, by, ask, answer, holder } = draft.world.strays[index] as Stray;
  draft.world.strays = draft.world.strays.filter((_, at) => at !== index);
  if (write) return store(draft, write, by as OpKind);
  if (answer) return late(draft, holder, ask as Token, answer);
  const made = rotate(draft, ask as Token);
  if (made !== 'refused') stray(draft, { holder, ask: ask as Token, answer: made });
}

/** As the session's `late()`. */
function late(draft: Draft, index: number, presented: Token, made: Token): void {
  const { state } = draft.holder(index).holding;
  if (state.is !== 'active' || state.unsaved || presented.refreshToken !== state.current.token.refreshToken) return;
  const unsaved = { token: made, presented: presented.refreshToken };
  apply(draft, index, { is: 'made', session: state.current.session, unsaved });
  if (!draft.holder(index).pending) beginRefresh(draft, index);
}
