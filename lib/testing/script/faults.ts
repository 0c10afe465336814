import type { ApiRequest } from '../http/request.js';
import { matcher, type Where } from './where.js';

/**
 * What can go wrong with one request. The work behind the request is done only by those that say so; all others leave
 * the server as it was (no refresh token is spent).
 */
export type Fault = WireFault | CannedFault | ScriptedFault;

/**
 * - `reset`: the connection is reset before any answer.
 * - `reset-after-headers`: the head of a 200 is sent, then the connection is reset.
 * - `hang`: never answered; the connection stays open until the client or `close()` ends it.
 * - `cut-body`: the head promises more bytes of JSON than come, then the connection ends.
 * - `lost`: the work **is done** (the refresh token is spent!), then the connection is reset without an answer.
 */
export type WireFault = 'reset' | 'reset-after-headers' | 'hang' | 'cut-body' | 'lost';

/**
 * - `truncated-json`: 200, half of a JSON text, cleanly ended.
 * - `html`: 200 with a page in text/html, as a proxy or a login wall sends.
 * - `empty`: 204.
 */
export type CannedFault = 'truncated-json' | 'html' | 'empty';

/** An answer of the test's own making, or the real one made slow. */
export type ScriptedFault =
  | {
      /** This status instead. */
      status: number;
      /** As given, beside the content type. Default: none. */
      headers?: Readonly<Record<string, string>>;
      /** As given; an object becomes JSON. Default: problem details. */
      body?: unknown;
    }
  | {
      /** 200 with this value as JSON, be it `null`, `[]` or `{}`. */
      json: unknown;
    }
  | {
      /** 200 with this text, declared as JSON. */
      raw: string;
    }
  | {
      /** A redirect to this URL. */
      redirect: string;
      /** Default 302. */
      status?: 302 | 307 | 308;
    }
  | {
      /** The work **is done**, and its answer comes after so many real ms. */
      delay: number;
    }
  | {
      /** The work **is done**, and its answer comes one byte each so many real ms. */
      drip: number;
    };

/** How a fault is scripted. */
export interface FaultOptions {
  /** How many requests it hits before it is used up. Default 1; `Infinity` until removed. */
  times?: number;
}

interface Script {
  matches: (request: ApiRequest) => boolean;
  fault: Fault;
  left: number;
}

/** The faults still to be played, in the order in which they were scripted. */
export class Faults {
  private readonly scripts = new Set<Script>();

  /** Called by a test through `server.fault`. Returns the function that removes it. */
  add(where: Where, fault: Fault, { times = 1 }: FaultOptions = {}): () => void {
    const script: Script = { matches: matcher(where), fault, left: times };
    this.scripts.add(script);
    return () => void this.scripts.delete(script);
  }

  /** Called for each request: the first fault that matches and has times left, or `undefined`. */
  take(request: ApiRequest): Fault | undefined {
    for (const script of this.scripts) {
      if (script.left > 0 && script.matches(request)) return this.use(script);
    }
    return undefined;
  }

  /** Called by `reset()`. */
  clear(): void {
    this.scripts.clear();
  }

  private use(script: Script): Fault {
    script.left -= 1;
    if (script.left <= 0) this.scripts.delete(script);
    return script.fault;
  }
}
