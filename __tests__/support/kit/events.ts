import type { BearerEvent, BearerEvents, Session } from 'axios-bearer';

export type SeenEvent = { [E in BearerEvent]: [name: E, payload: BearerEvents[E]] }[BearerEvent];

/** All events there are. */
export const EVENTS: BearerEvent[] = [
  'signedIn',
  'tokensIgnored',
  'refreshing',
  'refreshed',
  'refreshFailed',
  'waiting',
  'replayed',
  'skipped',
  'breakerOpen',
  'signedOut',
];

/** All events of a session from now on, in order. */
export function recordEvents(session: Session): SeenEvent[] {
  const seen: SeenEvent[] = [];
  for (const name of EVENTS) session.on(name, (payload) => seen.push([name, payload] as SeenEvent));
  return seen;
}

/** The payloads of one event from now on; `count(n)` resolves with the first `n`, once there are as many. */
export function watchEvent<E extends BearerEvent>(session: Session, event: E) {
  const all: BearerEvents[E][] = [];
  const expectations: { n: number; met: () => void }[] = [];
  session.on(event, (payload) => {
    all.push(payload);
    for (const { n, met } of expectations) if (all.length >= n) met();
  });
  const count = (n: number) =>
    new Promise<BearerEvents[E][]>((resolve) => {
      const met = () => resolve(all.slice(0, n));
      if (all.length >= n) met();
      else expectations.push({ n, met });
    });
  return { all, count };
}

/** The payload of the next such event. */
export function nextEvent<E extends BearerEvent>(session: Session, event: E): Promise<BearerEvents[E]> {
  return new Promise((resolve) => {
    const off = session.on(event, (payload) => {
      off();
      resolve(payload);
    });
  });
}
