import { bearerError, configError } from '../errors.js';

/** Known to every copy of this package. */
const REPLAYABLE = Symbol.for('axios-bearer.replayable');

/** A body made anew for each send: what {@link replayable} returns. */
export class Replayable {
  /** @internal */
  declare readonly [REPLAYABLE]: true; // Not a field: a bundler would keep the class, used or not.

  constructor(
    /** Called for each send: the body, or a promise of it. */
    readonly make: () => unknown,
  ) {
    this[REPLAYABLE] = true;
  }

  /** Bare axios sends an object that it does not know as `{}`. Of a form like this it asks for the text. @internal */
  get [Symbol.toStringTag](): string {
    return 'URLSearchParams';
  }

  /** Called by axios where no session serves the instance, say after `close()`. @throws ERR_BEARER_BODY unless it is a text */
  toString(): string {
    const body = this.make();
    if (typeof body === 'string') return body;
    throw bearerError(
      'ERR_BEARER_BODY',
      'A replayable() body that is no text needs axios-bearer on the instance: install the session, or send the body itself',
    );
  }
}

/** Is it one, of whatever copy of this package? */
export function isReplayable(body: unknown): body is Replayable {
  return typeof body === 'object' && body !== null && REPLAYABLE in body;
}

/**
 * Call it around a body that can be sent only once (a `Readable`, npm's `form-data`), so that the request can be
 * replayed: `api.post('/upload', replayable(() => createReadStream(path)))`. `make` is called for each send; it may
 * return a promise. Without it such a request is refused a replay with `ERR_BEARER_BODY`.
 *
 * @param make called for each send; what it throws rejects the request
 * @throws ERR_BEARER_CONFIG where `make` is no function
 */
export function replayable(make: () => unknown): Replayable {
  if (typeof make !== 'function')
    throw configError('replayable', 'a function that makes the body: replayable(() => body)', make);
  return new Replayable(make);
}
