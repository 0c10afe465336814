import { requestsOf, type Session } from '../session/session.js';
import { keep, type Recording } from './recording.js';

/** Records the refreshes and tokens of a session. @returns the way to stop */
export function watchSession(session: Session, recording: Recording, tell: () => void): () => void {
  let before = heldBy(session);
  const begun = () => {
    before = heldBy(session);
    recording.counts.refreshes++;
    keep(recording.refreshes, { startedAt: Date.now(), failures: [] });
    tell();
  };
  const attemptFailed = () => {
    const last = recording.refreshes.at(-1);
    if (last?.endedAt === undefined) last?.failures.push(Date.now());
    tell();
  };
  const changed = () => {
    const held = heldBy(session);
    if (session.getSnapshot().status !== 'refreshing') endRefresh(recording, isNewer(held, before) ? 'done' : 'failed');
    noteToken(held, recording);
    tell();
  };
  noteToken(before, recording);
  const stops = [
    session.on('refreshing', begun),
    session.on('refreshFailed', attemptFailed),
    session.subscribe(changed),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}

type Held = ReturnType<typeof heldBy>;

/** Of the token nothing is read but its times. */
function heldBy(session: Session) {
  return requestsOf(session)?.life.current;
}

/** A refresh may bring the same access token again, with a life of its own. */
function isNewer(held: Held, before: Held): boolean {
  if (!held) return false;
  return held.generation !== before?.generation || held.token.issuedAt !== before.token.issuedAt;
}

function endRefresh({ refreshes }: Recording, outcome: 'done' | 'failed'): void {
  const last = refreshes.at(-1);
  if (last && last.endedAt === undefined) Object.assign(last, { endedAt: Date.now(), outcome });
}

function noteToken(held: Held, { tokens }: Recording): void {
  const last = tokens.at(-1);
  const life = held && { dueAt: held.dueAt, expiresAt: held.token.expiresAt };
  if (held && held.generation === last?.generation && last.until === undefined) return void Object.assign(last, life);
  if (last) last.until ??= Date.now();
  if (held && life)
    keep(tokens, { generation: held.generation, from: last ? Date.now() : held.token.issuedAt, ...life });
}
