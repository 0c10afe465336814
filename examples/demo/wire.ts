import axios, { type AxiosAdapter, type AxiosError, type InternalAxiosRequestConfig } from 'axios';
import type { Phase } from './phases.js';

export interface Change {
  readonly at: number;
  readonly phase: Phase;
}

/** What happened to one request (or several, one after the other), or at one token endpoint, in order of time. */
export class Lane {
  readonly changes: Change[] = [];
  /** Requests are named by their parameters, "page 7"; token endpoints by their path. */
  readonly isRequest: boolean;
  #sent = false;

  constructor(readonly name: string) {
    this.isRequest = / \d+$/.test(name);
  }

  note(phase: Phase, at = Date.now()): void {
    this.changes.push({ at, phase });
  }

  called(): void {
    this.#sent = false;
    this.note('waiting');
  }

  departed(): void {
    this.note(!this.isRequest ? 'asking' : this.#sent ? 'replayed' : 'sent');
    this.#sent = true;
  }

  /** How a request ends is not for the wire to say: see `settled`. */
  arrived(status: number): void {
    if (!this.isRequest) this.note(status === 200 ? 'idle' : 'failed');
    else if (status === 401) this.note('refused');
  }

  /** The caller has it. */
  settled(ok: boolean): void {
    this.note(ok ? 'ok' : 'failed');
  }
}

/** All that one scene puts on the wire, as it was seen there: nothing is drawn that did not happen. */
export class Wire {
  readonly lanes: Lane[] = [];
  /** How often something was sent; the server's log must say the same. */
  trips = 0;
  endedAt: number | undefined;

  get startedAt(): number | undefined {
    const starts = this.lanes.flatMap(({ changes }) => changes[0]?.at ?? []);
    return starts.length ? Math.min(...starts) : undefined;
  }

  /** 401s that have reached the client. */
  get refused(): number {
    return this.lanes.flatMap(({ changes }) => changes).filter(({ phase }) => phase === 'refused').length;
  }

  lane(name: string): Lane {
    const known = this.lanes.find((lane) => lane.name === name);
    if (known) return known;
    const lane = new Lane(name);
    this.lanes.push(lane);
    return lane;
  }

  /** axios's own adapter, with a look at the clock before and after: the same for whichever client is on stage. */
  get adapter(): AxiosAdapter {
    const send = axios.getAdapter('http');
    return async (config) => {
      const lane = this.lane(laneOf(config));
      this.trips++;
      lane.departed();
      try {
        const response = await send(config);
        lane.arrived(response.status);
        return response;
      } catch (error) {
        lane.arrived((error as AxiosError).response?.status ?? 0);
        throw error;
      }
    };
  }
}

function laneOf({ url = '', params }: InternalAxiosRequestConfig): string {
  return params ? laneName(params) : new URL(url, 'http://localhost').pathname;
}

export function laneName(params: Record<string, number>): string {
  return Object.entries(params).flat().join(' ');
}
