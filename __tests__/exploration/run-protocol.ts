import type { Effect } from '../../lib/session/effects.js';
import { deadlineFailure, Failure, storeFailure } from '../../lib/session/failure.js';
import type { Look, Outcome, Protocol, Step } from '../../lib/session/protocol.js';
import type { SessionEvent } from '../../lib/session/session-event.js';
import { currentIn, transition } from '../../lib/session/state.js';
import type { StoreEntry } from '../../lib/stores/store.js';
import type { Token } from '../../lib/token.js';
import { type Draft, setOf } from './draft.js';
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
export function goOn(draft: Draft, place: Place, fed?: Fed) {
  const op = draft.op(place) as Op;
  const log = [...op.log];
  let past = op.past;
  const tells = draft.variant.protocol || op.kind === 'refresh' || op.kind === 'update';
  const add = (result: Fed) => {
    log.push(result);
    if (tells) past = textAfter(past, result);
    return result;
  };
  const protocol = protocolOf(op, draft.variant);
  let turn: IteratorResult<Step, unknown>;
  try {
    turn = protocol.next();
    for (const result of op.log) turn = give(protocol, result);
    if (fed) turn = give(protocol, add(fed));
    while (!turn.done) {
      const message = sendable(draft, place, turn.value);
      if (message) return draft.setOp(place, { log, past, message, at: 'waiting' });
      turn = give(protocol, add(perform(draft, place, turn.value)));
    }
  } catch (error) {
    return draft.session.finish(draft, place, { error });
  }
  draft.session.finish(draft, place, { outcome: turn.value as Outcome | undefined });
}

function give<T>(protocol: Protocol<T>, fed: Fed): IteratorResult<Step, T> {
  return 'error' in fed ? protocol.throw(fed.error) : protocol.next(fed.value);
}

function protocolOf({ kind, session, token }: Op, variant: Variant): Protocol<unknown> {
  const steps = { ...lib, ...variant.protocol };
  if (kind === 'refresh') return steps.refreshSteps();
  if (kind === 'signIn') return steps.signInSteps(session, token as Token);
  if (kind === 'signOut') return steps.signOutSteps(session);
  if (kind === 'endAgain') return steps.endInStoreSteps(session, token);
  return kind === 'update' ? steps.updateSteps(session, token as Token, false) : steps.readAgainSteps();
}

/** The request that a step sends; `undefined`: it is done at once. */
function sendable(draft: Draft, place: Place, step: Step): Message | undefined {
  if (step.do === 'read') return { step, landed: false };
  if (step.do === 'write') return { step, landed: false, entry: entryOf(draft, place, step) };
  if (step.do !== 'ask' || draft.op(place)?.lock === 'lost') return undefined;
  const { refreshToken } = step.token as Token;
  if (!refreshToken) return undefined;
  const asked = draft.world.holders.flatMap(({ ops }) => ops).some(({ message }) => presents(message, refreshToken));
  if (asked) draft.breaks('A refresh token was presented while a request with it was unanswered (L3)');
  return { step, landed: false };
}

function presents(message: Message | undefined, refreshToken: string | undefined): boolean {
  return message?.step.do === 'ask' && message.step.token?.refreshToken === refreshToken;
}

/** As BoundedStore numbers its writes. */
function entryOf(draft: Draft, place: Place, step: Extract<Step, { do: 'write' }>): StoreEntry {
  const { name, highest, repeats } = draft.holder(place.holder);
  const writes = (draft.op(place)?.writes ?? 0) + 1;
  if (writes > MOST_WRITES) draft.breaks('Two holders write over each other for ever');
  draft.setOp(place, { writes });
  const version = draft.variant.versionOf?.(step, draft.holder(place.holder)) ?? step.above + 1;
  if (version > highest) draft.setHolder(place.holder, { highest: version });
  else draft.setHolder(place.holder, { repeats: repeats + 1 });
  const again = version > highest ? '' : `.${repeats}`;
  return { version, id: `${name}${version}${again}`, ...step.draft };
}

function perform(draft: Draft, place: Place, step: Step): Fed {
  const op = draft.op(place) as Op;
  switch (step.do) {
    case 'look':
      return { value: lookAt(draft, place.holder, op) };
    case 'apply':
      if (step.event.is === 'disowned') disown(draft, place, op, step.event.session);
      return { value: apply(draft, place.holder, step.event) };
    case 'revoke':
      return { value: revoke(draft, step.token) };
    case 'isWanted':
      return { value: isWanted(draft.holder(place.holder), op) };
    default:
      return { error: STORE };
  }
}

function disown(draft: Draft, place: Place, op: Op, session: string): void {
  const { gone } = draft.holder(place.holder);
  draft.setOp(place, { ends: [...op.ends, session] });
  draft.setHolder(place.holder, { gone: setOf(gone, session) });
  draft.know({ ending: setOf(draft.world.facts.ending, session) });
}

function isWanted({ wishes, pending }: Holder, { kind, wish, number }: Op): boolean {
  if (kind === 'refresh') return pending?.op === number;
  return kind === 'signIn' || kind === 'signOut' ? wishes === wish : true;
}

function lookAt(draft: Draft, index: number, op: Op): Look {
  const { holding, name, mark, generation } = draft.holder(index);
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
  return draft.variant.look?.(look, op) ?? look;
}

/** As the session's `apply()`: the one caller of `transition()`. */
export function apply(draft: Draft, index: number, event: SessionEvent): void {
  const { holding: before, generation, pending } = draft.holder(index);
  const { holding, effects } = transition(before, event);
  const current = currentIn(holding.state);
  const isOver = holding.state.is === 'ended' && holding.state !== before.state;
  const ends = isOver && (pending?.kind !== 'signIn' || event.is !== 'found');
  draft.setHolder(index, {
    holding,
    generation: Math.max(generation, current?.generation ?? 0),
    pending: ends ? undefined : pending,
  });
  if (current && current !== currentIn(before.state)) takenIntoUse(draft, index, current.session);
  for (const effect of effects) act(draft, index, effect);
}

function takenIntoUse(draft: Draft, index: number, session: string): void {
  if (!draft.holder(index).gone.includes(session)) return;
  draft.breaks('A token was taken into use whose session was signed out here (L22)');
}

function act(draft: Draft, index: number, effect: Effect): void {
  if (effect.do === 'revoke') revoke(draft, effect.token);
  if (effect.do === 'signOut') draft.session.endAgain(draft, index, effect);
}

/** The server ends the whole sign-in (RFC 7009 §2.1). */
export function revoke(draft: Draft, { refreshToken }: Token): void {
  if (refreshToken && !draft.variant.revokesNothing) draft.setFamily(numberOf(refreshToken).session, { over: true });
}
