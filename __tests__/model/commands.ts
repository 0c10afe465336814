import * as fc from 'fast-check';
import type { Call } from './call.js';
import type { Holder } from './holder.js';
import { LIFETIME } from './options.js';
import { FAULTS } from './server.js';
import { quiet } from './simulation.js';
import { TROUBLES } from './store.js';
import type { World } from './world.js';

const by = fc.nat(1);
const via = fc.nat(1);
const ask = { abortable: fc.boolean(), replay: fc.constantFrom(true, true, true, false) };

/** What can happen. `by`: which holder; `via`: which of its instances. */
const ARBITRARIES = {
  request: fc.record({ do: fc.constant('request' as const), by, via, ...ask }),
  burst: fc.record({ do: fc.constant('burst' as const), by, times: fc.integer({ min: 2, max: 5 }) }),
  upload: fc.record({ do: fc.constant('upload' as const), by, minValidity: fc.constantFrom(10_000, 50_000) }),
  token: fc.record({ do: fc.constant('token' as const), by, abortable: fc.boolean() }),
  refresh: fc.record({ do: fc.constant('refresh' as const), by }),
  expire: fc.record({ do: fc.constant('expire' as const) }),
  wait: fc.record({
    do: fc.constant('wait' as const),
    ms: fc.constantFrom(50, 120, 1_500, LIFETIME * 0.85, LIFETIME + 1),
  }),
  jump: fc.record({
    do: fc.constant('jump' as const),
    ms: fc.constantFrom(-3_600_000, -LIFETIME, LIFETIME, 3_600_000),
  }),
  faults: fc.record({
    do: fc.constant('faults' as const),
    kinds: fc.array(fc.constantFrom(...FAULTS), { minLength: 1, maxLength: 4 }),
  }),
  refuse: fc.record({ do: fc.constant('refuse' as const), times: fc.integer({ min: 1, max: 4 }) }),
  storm: fc.record({ do: fc.constant('storm' as const) }),
  abort: fc.record({ do: fc.constant('abort' as const), which: fc.nat(9) }),
  signOut: fc.record({ do: fc.constant('signOut' as const), by }),
  signIn: fc.record({ do: fc.constant('signIn' as const), by, user: fc.constantFrom('ana', 'ben') }),
  close: fc.record({ do: fc.constant('close' as const), by }),
  troubles: fc.record({
    do: fc.constant('troubles' as const),
    kinds: fc.array(fc.constantFrom(...TROUBLES), { minLength: 1, maxLength: 3 }),
  }),
};
type Arbitraries = typeof ARBITRARIES;
type Name = keyof Arbitraries;
type CommandOf<N extends Name> = Arbitraries[N] extends fc.Arbitrary<infer C> ? C : never;
export type Command = { [N in Name]: CommandOf<N> }[Name];

/** @param weights how often each comes; 0, or left out: never */
export function commands(weights: Partial<Record<Name, number>>): fc.Arbitrary<Command[]> {
  const weighed = Object.entries(weights).map(([name, weight]) => ({
    weight,
    arbitrary: ARBITRARIES[name as Name] as fc.Arbitrary<Command>,
  }));
  return fc.array(fc.oneof(...weighed), { minLength: 3, maxLength: 14 });
}

type Effects = { [N in Name]: (world: World, command: CommandOf<N>) => unknown };

const effects: Effects = {
  request: (world, { by, via, abortable, replay }) => request(world.holder(by), via, { abortable, replay }),
  burst: (world, { by, times }) => {
    for (let i = 0; i < times; i += 1) request(world.holder(by), i % 2);
  },
  upload: (world, { by, minValidity }) => {
    world.server.wantAll();
    request(world.holder(by), 0, { minValidity });
  },
  token: (world, { by, abortable }) => {
    const { session } = world.holder(by);
    world.holder(by).call('token', ({ abort }) => session.token(abort ? { signal: abort.signal } : {}), { abortable });
  },
  refresh: (world, { by }) => {
    world.server.wantAll();
    world.holder(by).call('refresh', () => world.holder(by).session.refresh());
  },
  expire: ({ server }) => server.expire(),
  wait: ({ simulation }, { ms }) => simulation.advance(ms),
  jump: (world, { ms }) => world.jump(ms),
  faults: ({ server }, { kinds }) => server.faults.push(...kinds),
  refuse: ({ server }, { times }) => {
    server.refusals += times;
  },
  storm: ({ server, judge, simulation }) => {
    server.refusals = Number.POSITIVE_INFINITY;
    judge.stormSince ??= simulation.elapsed();
  },
  abort: async (world, { which }) => {
    const open = world.calls.filter((call) => call.abort && !call.end);
    const call = open[which % open.length];
    call?.abort?.abort();
    await quiet();
    world.judge.check(call?.end !== undefined || !call, 'L17 an abort does not end the waiting at once');
  },
  signOut: (world, { by }) => world.signOut(world.holder(by)),
  signIn: (world, { by, user }) => world.signIn(world.holder(by), user),
  close: (world, { by }) => world.holder(by).close(),
  troubles: ({ database }, { kinds }) => database.troubles.push(...kinds),
};

export async function perform(world: World, command: Command): Promise<void> {
  await (effects[command.do] as (world: World, command: Command) => unknown)(world, command);
  // Until here the request has no session yet: its own interceptors have not been called.
  for (let i = 0; i < 10; i += 1) await undefined;
}

export function request(holder: Holder, via = 0, options: Call['options'] = {}): Call {
  const { replay, minValidity } = options;
  const bearer = { ...(replay === false && { replay }), ...(minValidity && { minValidity }) };
  const send = ({ url, abort }: Call) => holder.apis[via]!.get(url, { bearer, ...(abort && { signal: abort.signal }) });
  return holder.call('request', send, options);
}
