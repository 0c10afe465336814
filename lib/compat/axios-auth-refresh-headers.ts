import { type AxiosError, AxiosHeaders, type AxiosInstance } from 'axios';
import type { Config } from '../interceptors/config.js';

/** A header that a refresh has written. */
export interface HeaderChange {
  name: string;
  old: unknown;
  value: unknown;
}

type Level = Map<string, unknown>;

/** A way to look, twice, at the headers of the request that failed and at the defaults of the instances. */
export function headersIn({ config }: AxiosError, instances: Iterable<AxiosInstance>): () => Level[] {
  const all = [...instances];
  return () => [
    named(config?.headers),
    ...all.map(({ defaults: { headers } }) => new Map([...named(headers.common), ...named(headers)])),
  ];
}

/** Those of the defaults hold others, by method. */
function named(headers: object | undefined): Level {
  const entries = Object.entries(headers ?? {}).filter(([, value]) => typeof value !== 'object');
  return new Map(entries.map(([name, value]) => [name.toLowerCase(), value]));
}

export function headerChanges(before: Level[], after: Level[]): HeaderChange[] {
  return after.flatMap((level, i) =>
    [...level]
      .map(([name, value]) => ({ name, old: before[i]?.get(name), value }))
      .filter(({ old, value }) => old !== value),
  );
}

/** Who was refused with the old headers goes with the new ones; whoever has brought their own keeps them. */
export function withChanges({ headers }: Config, changes: HeaderChange[]): AxiosHeaders {
  // Apps write `authorization` beside `Authorization`: the one that came last counts.
  const renewed = new AxiosHeaders({ ...headers });
  for (const { name, old, value } of changes) {
    if (renewed.get(name) === old) renewed.set(name, value as string);
  }
  return renewed;
}
