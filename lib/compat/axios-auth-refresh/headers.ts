import type { AxiosHeaders, AxiosInstance, InternalAxiosRequestConfig as Config } from 'axios';
import { headersOf } from '../internal.js';

/** A header that a refresh has written. */
export interface HeaderChange {
  name: string;
  old: unknown;
  value: unknown;
}

/** By lower-case name. */
type HeaderValues = Map<string, unknown>;

/** The headers of a request, then the defaults of each instance. */
export function headerValues(config: Config | undefined, instances: AxiosInstance[]): HeaderValues[] {
  const defaults = instances.map(({ defaults: { headers } }) => [...entriesOf(headers.common), ...entriesOf(headers)]);
  return [entriesOf(config?.headers), ...defaults].map((entries) => new Map(entries));
}

/** Without the objects among the defaults, which hold the headers of one method each. */
function entriesOf(headers: object | undefined): [name: string, value: unknown][] {
  return Object.entries(headers ?? {})
    .filter(([, value]) => typeof value !== 'object')
    .map(([name, value]) => [name.toLowerCase(), value]);
}

export function headerChanges(before: HeaderValues[], after: HeaderValues[]): HeaderChange[] {
  return after.flatMap((values, i) =>
    [...values]
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
