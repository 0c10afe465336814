import type { ServerResponse } from 'node:http';
import type { ApiRequest } from '../http/request.js';
import { matcher, type Where } from './where.js';

/** Requests that wait at the server's door until a test lets them in. */
export interface Hold {
  /** How many wait now. A request that its client has given up no longer counts. */
  readonly waiting: number;
  /** Called instead of sleeping: resolves when at least `n` requests wait at once. */
  arrived(n: number): Promise<void>;
  /** Called once: lets all in, first come first served, and holds nobody any more. */
  release(): void;
}

interface Expectation {
  n: number;
  met: () => void;
}

/** One hold: a queue of requests. They are judged (token, faults) when they are let in, not when they came. */
class Gate implements Hold {
  private readonly queue = new Set<() => void>();
  private expectations: Expectation[] = [];

  constructor(
    readonly matches: (request: ApiRequest) => boolean,
    private readonly remove: (gate: Gate) => void,
  ) {}

  get waiting(): number {
    return this.queue.size;
  }

  arrived(n: number): Promise<void> {
    if (this.queue.size >= n) return Promise.resolve();
    return new Promise((met) => this.expectations.push({ n, met }));
  }

  release(): void {
    this.remove(this);
    for (const letIn of this.queue) letIn();
    this.queue.clear();
  }

  pass(res: ServerResponse): Promise<void> {
    return new Promise((resolve) => {
      const letIn = () => resolve();
      this.queue.add(letIn);
      res.once('close', () => this.queue.delete(letIn) && letIn());
      this.meetExpectations();
    });
  }

  private meetExpectations(): void {
    if (this.expectations.length === 0) return;
    const met = this.expectations.filter(({ n }) => this.queue.size >= n);
    this.expectations = this.expectations.filter((expectation) => !met.includes(expectation));
    for (const expectation of met) expectation.met();
  }
}

/** All holds of a server. */
export class Holds {
  private readonly gates = new Set<Gate>();

  /** Called by a test through `server.hold`. */
  add(where: Where): Hold {
    const gate = new Gate(matcher(where), (released) => this.gates.delete(released));
    this.gates.add(gate);
    return gate;
  }

  /** Called for each request: resolves when every hold that matches it has let it in, or its client has gone. */
  async pass(request: ApiRequest, res: ServerResponse): Promise<void> {
    for (const gate of this.gates) {
      if (!res.destroyed && gate.matches(request)) await gate.pass(res);
    }
  }

  /** Called by `reset()`: lets everybody in. */
  releaseAll(): void {
    for (const gate of [...this.gates]) gate.release();
  }
}
