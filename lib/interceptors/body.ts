import type { Config, Journey } from './config.js';
import { patient } from './patience.js';

/** A body made anew for each send: what {@link replayable} returns. */
export class Replayable {
  constructor(
    /** Called for each send: the body, or a promise of it. */
    readonly make: () => unknown,
  ) {}
}

/**
 * Call it around a body that can be sent only once (a `Readable`, npm's `form-data`), so that the request can be
 * replayed: `api.post('/upload', replayable(() => createReadStream(path)))`. `make` is called for each send; it may
 * return a promise. Without it such a request is refused a replay with `ERR_BEARER_BODY`.
 *
 * @param make called for each send; what it throws rejects the request
 */
export function replayable(make: () => unknown): Replayable {
  return new Replayable(make);
}

/** What the app's own function makes; if it throws, that is a rejection. */
export async function remade({ make }: Replayable): Promise<unknown> {
  return make();
}

type Streamlike = { pipe?: unknown; getReader?: unknown; next?: unknown };

function isStream(value: unknown): boolean {
  const { pipe, getReader, next } = (value ?? {}) as Streamlike;
  return typeof pipe === 'function' || typeof getReader === 'function' || typeof next === 'function';
}

/** Does it hold, anywhere, something that sending has used up? */
export function isOneShot(value: unknown, seen = new Set<unknown>()): boolean {
  if (!value || typeof value !== 'object' || seen.has(value)) return false;
  if (isStream(value)) return true;
  seen.add(value);
  const plain = Array.isArray(value) || [Object.prototype, null].includes(Object.getPrototypeOf(value));
  return plain && Object.values(value).some((inner) => isOneShot(inner, seen));
}

/** Can the body be sent again, byte for byte? */
export function canSendAgain(config: Config, { data }: Journey): boolean {
  return !isStream(config.data) || data instanceof Replayable || !isOneShot(data);
}

/** After the last send a used-up body gives way to what it was made from: the config can be sent again. */
export function restoreBody(config: Config, { data }: Journey): void {
  if (isStream(config.data)) config.data = data;
}

export function isUsedUp(config: Config, { data }: Journey): boolean {
  return data instanceof Replayable || isStream(config.data);
}

/**
 * The body for another send. What the transforms made is sent again as it is; a stream that they made is made anew,
 * and with it its length and boundary.
 */
export async function remakeBody(config: Config, { data, declared, since }: Journey): Promise<void> {
  config.headers.delete('Content-Length');
  if (declared !== undefined) config.headers.setContentLength(declared as number);
  config.data = data instanceof Replayable ? await patient(remade(data), config, since) : data;
  config.data = transform(config.transformRequest, config, config);
}

type Transforms = Config['transformRequest'] | Config['transformResponse'];
type Transform = (this: Config, data: unknown, headers: unknown, status?: number) => unknown;

/** The config's own transforms, as axios applies them. */
export function transform(transforms: Transforms, config: Config, { data, headers, status }: Message): unknown {
  const all = (transforms ? [transforms].flat() : []) as Transform[];
  return all.reduce<unknown>((result, each) => each.call(config, result, headers, status), data);
}

interface Message {
  data?: unknown;
  headers: unknown;
  status?: number;
}
