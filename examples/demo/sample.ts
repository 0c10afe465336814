import type { Lane } from './wire.js';

/** How many lanes, and how many of the first in any case. */
export interface Choice {
  readonly lanes: number;
  readonly lead: number;
}

/** Some of many lanes, evenly spread; once they are `complete`, one of each kind is among them: nothing rare goes unseen. */
export function sample(all: Lane[], { lanes, lead }: Choice, complete: boolean): Lane[] {
  if (all.length <= lanes) return all;
  const chosen = [...all.slice(0, lead), ...spread(all.slice(lead), lanes - lead)];
  if (complete) for (const lane of all) represent(lane, chosen);
  return all.filter((lane) => chosen.includes(lane));
}

/** The first, the last, and some between them. */
function spread(all: Lane[], parts: number): Lane[] {
  return Array.from({ length: parts }, (_, i) => all[Math.round((i * (all.length - 1)) / (parts - 1))]!);
}

/** Puts a lane of a kind that is missing in the place of one of a kind that is there twice. */
function represent(lane: Lane, chosen: Lane[]): void {
  if (chosen.some((other) => kind(other) === kind(lane))) return;
  const spare = chosen.findIndex((one, i) => chosen.slice(0, i).some((other) => kind(other) === kind(one)));
  if (spare >= 0) chosen[spare] = lane;
}

/** Lanes on which the same things happened, in the same order. */
function kind({ changes }: Lane): string {
  return changes.map(({ phase }) => phase).join();
}
