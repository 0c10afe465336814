import { LOOKS, type Phase } from '../../examples/demo/phases.js';
import type { Change, Lane, Wire } from '../../examples/demo/wire.js';
import { card, heading, rect, text } from './card.js';

const WIDTH = 860;
const LEFT = 130;
const RIGHT = 24;
const TOP = 96;
const PITCH = 3.4; // of the requests' lanes
const MARK = 4; // width of what happens in an instant
const TICK = 250; // ms

const COLOURS: Partial<Record<Phase, string>> = {
  waiting: 'amber',
  sent: 'blue',
  replayed: 'green',
  asking: 'purple',
  refused: 'red',
  failed: 'red',
};

const SIGNS: [colour: string, meaning: string][] = [
  ['blue', 'sent'],
  ['red', '401'],
  ['amber', 'waits'],
  ['purple', 'the refresh'],
  ['green', 'sent again, succeeds'],
];

/** What was seen on a wire, each request on a lane of its own. */
export function oneRefresh(wire: Wire): string {
  const requests = wire.lanes.filter(({ isRequest }) => isRequest);
  const refresh = wire.lanes.filter(({ isRequest }) => !isRequest);
  const start = wire.startedAt!;
  const scale = (WIDTH - LEFT - RIGHT) / (wire.endedAt! - start);
  const x = (at: number) => LEFT + (at - start) * scale;
  const height = TOP + 34 + requests.length * PITCH + 40;
  const facts = factsOf(requests, refresh);

  return card({
    title: facts,
    description:
      'Each request is a line, and time goes to the right. Those that are refused early wait for the same refresh.',
    width: WIDTH,
    height,
    body: [
      heading(facts),
      ...legend(),
      ...axis(wire.endedAt! - start, x, start, height),
      text('token endpoint', 24, TOP + 15, 'faint'),
      ...refresh.flatMap((lane) => drawn(lane, wire, x, TOP + 4, 14)),
      text(`${requests.length} requests`, 24, TOP + 34 + (requests.length * PITCH) / 2, 'faint'),
      ...requests.flatMap((lane, i) => drawn(lane, wire, x, TOP + 34 + i * PITCH, PITCH - 1)),
    ],
  });
}

/** Counted on the wire itself. */
export function factsOf(requests: readonly Lane[], refresh: readonly Lane[]): string {
  const all = (lanes: readonly Lane[]) => lanes.flatMap(({ changes }) => changes);
  const count = (changes: readonly Change[], phase: Phase) => changes.filter((each) => each.phase === phase).length;
  const refreshes = count(all(refresh), 'asking');
  return [
    `${requests.length} requests, one expired token`,
    `${count(all(requests), 'refused')} times 401`,
    refreshes === 1 ? 'one refresh' : `${refreshes} refreshes`,
    `${count(all(requests), 'ok')} succeed`,
  ].join(' · ');
}

/** What lasts, and on top of it what happens in an instant: no 401 may hide behind what follows it. */
function drawn({ changes }: Lane, { endedAt }: Wire, x: (at: number) => number, y: number, height: number): string[] {
  const lasting = changes.flatMap(({ at, phase }, i) => {
    const colour = COLOURS[LOOKS[phase].after ?? phase];
    const width = x(changes[i + 1]?.at ?? endedAt!) - x(at);
    return colour && width > 0 ? [rect(colour, x(at), y, width, height)] : [];
  });
  const instants = changes.flatMap(({ at, phase }) => {
    const colour = LOOKS[phase].after && COLOURS[phase];
    return colour ? [rect(colour, x(at), y, MARK, height)] : [];
  });
  return [...lasting, ...instants];
}

function legend(): string[] {
  let x = 24;
  return SIGNS.flatMap(([colour, meaning]) => {
    const sign = [rect(colour, x, 54, 14, 10), text(meaning, x + 20, 64)];
    x += 44 + meaning.length * 7.2;
    return sign;
  });
}

function axis(ms: number, x: (at: number) => number, start: number, height: number): string[] {
  const ticks = Array.from({ length: Math.floor(ms / TICK) + 1 }, (_, i) => i * TICK);
  return ticks.flatMap((tick) => [
    rect('rule', x(start + tick), TOP - 6, 1, height - TOP - 22),
    // The last one would leave the picture.
    ...(x(start + tick) > WIDTH - 80 ? [] : [text(`${tick} ms`, x(start + tick) + 3, height - 14, 'faint')]),
  ]);
}
