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
  return () => {
    const defaults = all.flatMap(({ defaults: { headers } }) => [headers, ...Object.values(headers).filter(isObject)]);
    return [config?.headers, ...defaults].map((headers) => named(headers as object | undefined));
  };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function named(headers: object | undefined): Level {
  return new Map(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
}

export function headerChanges(before: Level[], after: Level[]): HeaderChange[] {
  return after.flatMap((level, i) =>
    [...level]
      .map(([name, value]) => ({ name, old: before[i]?.get(name), value }))
      .filter(({ old, value }) => old !== value && !isObject(value)),
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
