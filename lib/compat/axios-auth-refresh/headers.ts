import type { AxiosError, AxiosHeaders, AxiosInstance } from 'axios';
import type { Config } from '../../interceptors/config.js';
import { headersOf } from '../../interceptors/header.js';

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

/** A request that was refused with an old header gets the new one. A header that the caller has set stays. */
export function applyChanges(config: Config, changes: HeaderChange[]): void {
  const headers = headersOf(config) as AxiosHeaders;
  for (const { name, old, value } of changes) {
    if (headers.get(name) === old) headers.set(name, value as string);
  }
}
