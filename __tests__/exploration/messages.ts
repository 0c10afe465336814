import type { StoreEntry } from '../../lib/stores/store.js';
import type { Token } from '../../lib/token.js';
import { beginRefresh, unlock } from './actions.js';
import { isEntry, type Scene } from './draft.js';
import { judgeWrite } from './judge.js';
import { apply, goOn, REFUSED, STORE, TRANSPORT } from './run-protocol.js';
import { type Message, numberOf, type Op, type OpKind, type Place, type Stray, tokenOf, written } from './world.js';

/** A request reaches the store or the server, which does it and answers. */
export function land(scene: Scene, place: Place): void {
  const { message, kind } = scene.op(place) as Op & { message: Message };
  const { step, entry } = message;
  if (entry) store(scene, entry, kind);
  const answer = step.do === 'ask' ? rotate(scene, step.token as Token) : scene.world.register;
  scene.setOp(place, { message: { ...message, landed: true, answer } });
}

function store(scene: Scene, entry: StoreEntry, by: OpKind): void {
  const before = scene.world.register;
  scene.world.register = written(before, entry);
  if (scene.world.register === entry && before.id !== entry.id) judgeWrite(scene, before, entry, by);
}

/** The token server: each refresh token once. */
function rotate(scene: Scene, { refreshToken }: Token): Token | 'refused' {
  const { session, number } = numberOf(refreshToken as string);
  const { newest, excused, over } = scene.world.families[session] as Scene['world']['families'][string];
  if (over) return 'refused';
  if (number < newest) {
    if (!excused) scene.breaks(`The refresh token ${refreshToken} was presented after it had been spent (L3)`);
    scene.setFamily(session, { over: true });
    return 'refused';
  }
  scene.setFamily(session, { newest: newest + 1 });
  return tokenOf(session, newest + 1);
}

/** The response reaches the holder. */
export function deliver(scene: Scene, place: Place) {
  const { message } = scene.op(place) as Op & { message: Message };
  const { answer, entry } = message;
  scene.setOp(place, { message: undefined });
  if (answer === 'refused') return goOn(scene, place, { error: REFUSED });
  if (!isEntry(answer)) return goOn(scene, place, { value: answer });
  const { highest } = scene.holder(place.holder);
  scene.setHolder(place.holder, { highest: Math.max(highest, answer.version) });
  if (!entry) return goOn(scene, place, { value: answer });
  const won = scene.variant.won?.(answer, entry) ?? answer.id === entry.id;
  goOn(scene, place, { value: { won, entry: answer } });
}

/** The caller waits no longer. The request may still come, or be done already. */
export function giveUp(scene: Scene, place: Place) {
  const { message, kind } = scene.op(place) as Op & { message: Message };
  const { step, entry, landed, answer } = message;
  const { holder } = place;
  scene.setOp(place, { message: undefined });
  if (step.do === 'ask') {
    scene.setFamily(numberOf(step.token?.refreshToken as string).session, { excused: true });
    if (answer !== 'refused') stray(scene, { holder, ask: step.token as Token, answer: answer as Token | undefined });
    return goOn(scene, place, { error: TRANSPORT });
  }
  if (entry && !landed) stray(scene, { holder, write: entry, by: kind });
  goOn(scene, place, { error: STORE });
}

function stray(scene: Scene, stray: Stray): void {
  scene.world.strays = [...scene.world.strays, stray];
}

/** The token request is lost on its way: the server never sees it. */
export function loseAsk(scene: Scene, place: Place): void {
  scene.setOp(place, { message: undefined });
  goOn(scene, place, { error: TRANSPORT });
}

/** The server refuses for good. */
export function refuse(scene: Scene, place: Place): void {
  const { message } = scene.op(place) as Op & { message: Message };
  scene.setFamily(numberOf((message.step as { token: Token }).token.refreshToken as string).session, {
    over: true,
    excused: true,
  });
  scene.setOp(place, { message: { ...message, landed: true, answer: 'refused' } });
}

/** The store's own client sends the same entry again. */
export function resend(scene: Scene, place: Place): void {
  const { message } = scene.op(place) as Op & { message: Message };
  scene.setOp(place, { message: { ...message, landed: false, answer: undefined, resent: true } });
}

/** Another holder may have the lock from now on. `aware`: nothing is sent any more. */
export function loseLock(scene: Scene, place: Place, aware: boolean): void {
  scene.setOp(place, { lock: aware ? 'lost' : 'lostUnaware' });
  unlock(scene, place);
}

/** A request that nobody waits for any more comes after all, or the answer to it. */
export function landStray(scene: Scene, index: number) {
  const { write, by, ask, answer, holder } = scene.world.strays[index] as Stray;
  scene.world.strays = scene.world.strays.filter((_, at) => at !== index);
  if (write) return store(scene, write, by as OpKind);
  if (answer) return late(scene, holder, ask as Token, answer);
  const made = rotate(scene, ask as Token);
  if (made !== 'refused') stray(scene, { holder, ask: ask as Token, answer: made });
}

/** As the session's `late()`. */
function late(scene: Scene, index: number, presented: Token, made: Token): void {
  const { state } = scene.holder(index).holding;
  if (state.is !== 'active' || state.unsaved || presented.refreshToken !== state.current.token.refreshToken) return;
  const unsaved = { token: made, presented: presented.refreshToken };
  apply(scene, index, { is: 'made', session: state.current.session, unsaved });
  if (!scene.holder(index).pending) beginRefresh(scene, index);
}
