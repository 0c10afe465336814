import type { Effect } from '../../lib/session/effects.js';
import { deadlineFailure, Failure, storeFailure } from '../../lib/session/failure.js';
import type { Look, Outcome, Protocol, Step } from '../../lib/session/protocol.js';
import type { SessionEvent } from '../../lib/session/session-event.js';
import { currentIn, transition } from '../../lib/session/state.js';
import type { StoreEntry } from '../../lib/stores/store.js';
import type { Token } from '../../lib/token.js';
import { type Scene, setOf } from './draft.js';
import * as lib from './protocols.js';
import { textAfter } from './state-key.js';
import type { Variant } from './variant.js';
import { type Fed, type Holder, type Message, numberOf, type Op, type Place } from './world.js';

export const STORE = storeFailure(new Error('The store call was given up'));
export const TRANSPORT = deadlineFailure(0, 'the model');
export const REFUSED = new Failure(TRANSPORT.error, 'rejected');

// More writes than this by one operation, and two holders write over each other.
const MOST_WRITES = 12;

/** Goes on with an operation until it has sent its next message, or is over. */
export function goOn(scene: Scene, place: Place, fed?: Fed) {
  const op = scene.op(place) as Op;
  const log = [...op.log];
  let past = op.past;
  const tells = scene.variant.protocol || op.kind === 'refresh' || op.kind === 'update';
  const add = (result: Fed) => {
    log.push(result);
    if (tells) past = textAfter(past, result);
    return result;
  };
  const protocol = protocolOf(op, scene.variant);
  let turn: IteratorResult<Step, unknown>;
  try {
    turn = protocol.next();
    for (const result of op.log) turn = give(protocol, result);
    if (fed) turn = give(protocol, add(fed));
    while (!turn.done) {
      const message = sendable(scene, place, turn.value);
      if (message) return scene.setOp(place, { log, past, message, at: 'waiting' });
      turn = give(protocol, add(perform(scene, place, turn.value)));
    }
  } catch (error) {
    return scene.session.finish(scene, place, { error });
  }
  scene.session.finish(scene, place, { outcome: turn.value as Outcome | undefined });
}

function give<T>(protocol: Protocol<T>, fed: Fed): IteratorResult<Step, T> {
  return 'error' in fed ? protocol.throw(fed.error) : protocol.next(fed.value);
}

function protocolOf({ kind, session, token }: Op, variant: Variant): Protocol<unknown> {
  const { refresh, signIn, signOut, update, readAgain } = { ...lib, ...variant.protocol };
  if (kind === 'refresh') return refresh();
  if (kind === 'signIn') return signIn(session, token as Token);
  if (kind === 'signOut') return signOut(session);
  if (kind === 'endAgain') return signOut(session, true);
  return kind === 'update' ? update(session, token as Token, false) : readAgain();
}

/** The request that a step sends; `undefined`: it is done at once. */
function sendable(scene: Scene, place: Place, step: Step): Message | undefined {
  if (step.do === 'read') return { step, landed: false };
  if (step.do === 'write') return { step, landed: false, entry: entryOf(scene, place, step) };
  if (step.do !== 'ask' || scene.op(place)?.lock === 'lost') return undefined;
  const { refreshToken } = step.token as Token;
  if (!refreshToken) return undefined;
  const asked = scene.world.holders.flatMap(({ ops }) => ops).some(({ message }) => presents(message, refreshToken));
  if (asked) scene.breaks('A refresh token was presented while a request with it was unanswered (L3)');
  return { step, landed: false };
}

function presents(message: Message | undefined, refreshToken: string | undefined): boolean {
  return message?.step.do === 'ask' && message.step.token?.refreshToken === refreshToken;
}

/** As BoundedStore numbers its writes. */
function entryOf(scene: Scene, place: Place, step: Extract<Step, { do: 'write' }>): StoreEntry {
  const { name, highest, repeats } = scene.holder(place.holder);
  const writes = (scene.op(place)?.writes ?? 0) + 1;
  if (writes > MOST_WRITES) scene.breaks('Two holders write over each other for ever');
  scene.setOp(place, { writes });
  const version = scene.variant.versionOf?.(step, scene.holder(place.holder)) ?? step.above + 1;
  if (version > highest) scene.setHolder(place.holder, { highest: version });
  else scene.setHolder(place.holder, { repeats: repeats + 1 });
  const again = version > highest ? '' : `.${repeats}`;
  return { version, id: `${name}${version}${again}`, ...step.draft };
}

function perform(scene: Scene, place: Place, step: Step): Fed {
  const op = scene.op(place) as Op;
  switch (step.do) {
    case 'look':
      return { value: lookAt(scene, place.holder, op) };
    case 'apply':
      if (step.event.is === 'disowned') disown(scene, place, op, step.event.session);
      return { value: apply(scene, place.holder, step.event) };
    case 'revoke':
      return { value: revoke(scene, step.token) };
    case 'isWanted':
      return { value: isWanted(scene.holder(place.holder), op) };
    default:
      return { error: STORE };
  }
}

function disown(scene: Scene, place: Place, op: Op, session: string): void {
  const { gone } = scene.holder(place.holder);
  scene.setOp(place, { ends: [...op.ends, session] });
  scene.setHolder(place.holder, { gone: setOf(gone, session) });
  scene.know({ ending: setOf(scene.world.facts.ending, session) });
}

function isWanted({ wishes, pending }: Holder, { kind, wish, number }: Op): boolean {
  if (kind === 'refresh') return pending?.op === number;
  return kind === 'signIn' || kind === 'signOut' ? wishes === wish : true;
}

function lookAt(scene: Scene, index: number, op: Op): Look {
  const { holding, name, mark, generation } = scene.holder(index);
  const look: Look = {
    holding,
    holder: name,
    heeds: ({ id, sent }) => sent !== undefined && sent !== name && !(mark?.entry.id === id && mark.over),
    marks: (token) => token.refreshToken !== undefined,
    serves: () => true,
    currentOf: (session, token) => {
      const before = currentIn(holding.state);
      const isSame = before !== undefined && before.token.accessToken === token.accessToken;
      return { generation: isSame ? before.generation : generation + 1, session, token, identity: session, dueAt: 0 };
    },
    newSession: () => `${name}new`,
  };
  return scene.variant.look?.(look, op) ?? look;
}

/** As the session's `apply()`: the one caller of `transition()`. */
export function apply(scene: Scene, index: number, event: SessionEvent): void {
  const { holding: before, generation, pending } = scene.holder(index);
  const { holding, effects } = transition(before, event);
  const current = currentIn(holding.state);
  const isOver = holding.state.is === 'ended' && holding.state !== before.state;
  const ends = isOver && (pending?.kind !== 'signIn' || event.is !== 'found');
  scene.setHolder(index, {
    holding,
    generation: Math.max(generation, current?.generation ?? 0),
    pending: ends ? undefined : pending,
  });
  if (current && current !== currentIn(before.state)) takenIntoUse(scene, index, current.session);
  for (const effect of effects) act(scene, index, effect);
}

function takenIntoUse(scene: Scene, index: number, session: string): void {
  if (!scene.holder(index).gone.includes(session)) return;
  scene.breaks('A token was taken into use whose session was signed out here (L22)');
}

function act(scene: Scene, index: number, effect: Effect): void {
  if (effect.do === 'revoke') revoke(scene, effect.token);
  if (effect.do === 'signOut') scene.session.endAgain(scene, index, effect.session);
}

/** The server ends the whole sign-in (RFC 7009 §2.1). */
export function revoke(scene: Scene, { refreshToken }: Token): void {
  if (refreshToken && !scene.variant.revokesNothing) scene.setFamily(numberOf(refreshToken).session, { over: true });
}
