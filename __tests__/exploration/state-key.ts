import type { Look, Written } from '../../lib/session/protocol.js';
import type { Holding, State } from '../../lib/session/state.js';
import type { StoreEntry } from '../../lib/stores/store.js';
import type { Token } from '../../lib/token.js';
import { setOf } from './draft.js';
import type { Fed, Holder, Message, Op, Place, Stray, World } from './world.js';

/** The past of an operation after one more result, as far as it may still make a difference. */
export function textAfter(past: string, fed: Fed): string {
  if ('error' in fed) return `${past}!`;
  const { value } = fed;
  if (value === undefined) return past;
  if (typeof value !== 'object' || value === null) return past + (value ? '+' : '-');
  if ('holding' in value) {
    const seen = `(${stateText((value as Look).holding.state)})`;
    return past.endsWith(seen) ? past : past + seen;
  }
  return past + answerText(value);
}

function answerText(value: object): string {
  if ('won' in value) return `${(value as Written).won ? '=' : '#'}${entryText((value as Written).entry)}`;
  return 'version' in value ? entryText(value as StoreEntry) : tokenText(value as Token);
}

const holdings = new WeakMap<Holding, string>();

function holdingText(holding: Holding): string {
  let text = holdings.get(holding);
  if (text === undefined) {
    text = textOfHolding(holding);
    holdings.set(holding, text);
  }
  return text;
}

function textOfHolding({ state, stored, signedOut, arriving = [] }: Holding): string {
  return `${stateText(state)}|${stored ? entryText(stored) : ''}~${setOf(signedOut)}~${setOf(arriving)}`;
}

const states = new WeakMap<State, string>();

function stateText(state: State): string {
  let text = states.get(state);
  if (text === undefined) {
    text = textOfState(state);
    states.set(state, text);
  }
  return text;
}

function textOfState(state: State): string {
  if (state.is !== 'active') return state.is;
  const { current, unsaved, rejection, mustObtain, doubted } = state;
  const made = unsaved ? `^${tokenText(unsaved.token)}<${unsaved.presented}` : '';
  return `${current.session}:${tokenText(current.token)}${made}${rejection ? 'r' : ''}${mustObtain ? 'm' : ''}${doubted ? 'd' : ''}`;
}

function entryText({ version, id, session, token, sent }: StoreEntry): string {
  return `${version}${id}${session}${token ? tokenText(token) : ''}${sent ? `*${sent}` : ''}`;
}

function tokenText({ accessToken, refreshToken }: Token): string {
  return accessToken === refreshToken ? `'${accessToken}` : `'${accessToken}/${refreshToken}`;
}

function messageText({ step, entry, landed, answer, resent }: Message): string {
  const asked = step.do === 'ask' ? tokenText(step.token as Token) : step.do;
  const got = answer === undefined ? '' : answer === 'refused' ? 'no' : answerText(answer);
  return `${asked}${entry ? entryText(entry) : ''}${landed ? '>' : '<'}${got}${resent ? 'r' : ''}`;
}

function opText(op: Op, wishes: number): string {
  const { number, kind, session, token, wish, past, at, message, lock, retries, ends } = op;
  const args = kind === 'refresh' ? '' : `${session}${token ? tokenText(token) : ''}${wish === wishes}${ends}`;
  const name = lock === 'none' && kind !== 'refresh' && kind !== 'update' ? kind : number + kind;
  return `[${name}${args}${at}${lock}${retries}${past}${message ? messageText(message) : ''}]`;
}

function holderText({ holding, highest, repeats, wishes, pending, mark, ops, gone }: Holder): string {
  const waits = mark ? `${entryText(mark.entry)}${mark.over}` : '';
  const under = ops
    .map((op) => opText(op, wishes))
    .sort()
    .join('');
  return `{${holdingText(holding)},${highest}.${repeats},${pending?.op ?? ''}${waits},${gone}${under}}`;
}

function strayText({ holder, write, ask, answer }: Stray): string {
  return `?${'AB'[holder]}${write ? entryText(write) : ''}${ask ? tokenText(ask) : ''}${answer ? '!' : ''}`;
}

/** A holder's number, and that of its mirror image. */
type Digest = readonly [number, number];

const digests = new WeakMap<Holder, Digest>();

function digestOf(holder: Holder): Digest {
  let digest = digests.get(holder);
  if (digest === undefined) {
    const text = holderText(holder);
    digest = [hash(text, false), hash(text, true)];
    digests.set(holder, digest);
  }
  return digest;
}

/** One number for each world and its mirror image. */
export function keyOf(world: World): number {
  const shared = sharedText(world);
  const [a, b] = world.holders.map(digestOf) as [Digest, Digest];
  return min(hash(`${shared}${a[0]},${b[0]}`, false), hash(`${shared}${b[1]},${a[1]}`, true));
}

function sharedText({ register, lock, families, strays, left, facts }: World): string {
  let text = `${entryText(register)}@${place(lock.owner)}`;
  for (const waiting of lock.queue) text += place(waiting);
  for (const session in families) {
    const { newest, excused, over } = families[session] as World['families'][string];
    text += `${session}:${newest}${excused}${over}`;
  }
  if (strays.length) text += strays.map(strayText).sort().join('');
  for (const what in left) text += left[what];
  return `${text}${facts.signedOut}/${facts.ending}`;
}

function place(at: Place | undefined): string {
  return at ? `${'AB'[at.holder]}${at.op}` : '-';
}

// Jest makes each look at a global slow.
const { imul, min } = Math;
const A = 65;
const B = 66;

/** 53 bits (after cyrb53). `mirrored`: A and B change places. */
function hash(text: string, mirrored: boolean): number {
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    let code = text.charCodeAt(i);
    if (mirrored && (code === A || code === B)) code = A + B - code;
    high = imul(high ^ code, 2654435761);
    low = imul(low ^ code, 1597334677);
  }
  high = imul(high ^ (high >>> 16), 2246822507) ^ imul(low ^ (low >>> 13), 3266489909);
  low = imul(low ^ (low >>> 16), 2246822507) ^ imul(high ^ (high >>> 13), 3266489909);
  return 4294967296 * (2097151 & low) + (high >>> 0);
}
