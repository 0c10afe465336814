import { inspect } from 'node:util';
import type { AxiosError } from 'axios';

/** What of an error ends up in a log. */
export function printed(error: AxiosError | undefined) {
  if (!error) return {};
  const { headers } = (error.request ?? {}) as { headers?: Headers };
  return {
    text: String(error),
    inspect: inspect(error),
    'JSON.stringify': JSON.stringify(error),
    toJSON: error.toJSON?.(),
    'request.headers': typeof headers?.entries === 'function' ? [...headers] : [],
  };
}

/** The pool of connections is everybody's: what is found there belongs to no error. */
export const POOL = ['agent', 'globalAgent'];
/** A connection keeps its last request, which need not be the error's own. */
export const CONNECTION = ['socket', 'client'];

/** Every path below `root` that leads to a text with a canary in it; hidden properties, symbols, maps and sets included. */
export function pathsTo(canaries: string[], root: unknown, ends = POOL): string[] {
  const found: string[] = [];
  const seen = new Set<unknown>();
  const ways: [path: string, value: unknown][] = [['', root]];
  for (const [path, value] of ways) {
    if (seen.has(value)) continue;
    if (typeof value === 'object') seen.add(value);
    const text = textOf(value);
    if (canaries.some((canary) => text?.includes(canary))) found.push(path);
    if (text === undefined) ways.push(...below(path, value, ends));
  }
  return found;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : undefined;
}

function below(path: string, value: unknown, ends: string[]): [string, unknown][] {
  if (typeof value !== 'object' || value === null) return [];
  const members = value instanceof Map || value instanceof Set ? [...value].flat() : [];
  const keys = Reflect.ownKeys(value).filter((key) => !ends.includes(String(key)));
  const own = keys.map((key) => [key, (value as Record<PropertyKey, unknown>)[key]] as const);
  return [...members.entries(), ...own].map(([key, each]) => [`${path}.${String(key)}`, each]);
}
