import axios, { type AxiosAdapter, type AxiosError, type InternalAxiosRequestConfig } from 'axios';
import type { Phase } from './phases.js';

export interface Change {
  readonly at: number;
  readonly phase: Phase;
}

/** What happened to one request, or at one token endpoint, in order of time. */
export class Lane {
  readonly changes: Change[] = [];
  readonly isToken: boolean;
  #sent = false;

  constructor(readonly name: string) {
    this.isToken = !/ \d/.test(name);
  }

  note(phase: Phase, at = Date.now()): void {
    this.changes.push({ at, phase });
  }

  called(): void {
    this.#sent = false;
    this.note('waiting');
  }

  left(): void {
    if (this.isToken) this.note('asking');
    else this.note(this.#sent ? 'replayed' : 'sent');
    this.#sent = true;
  }

  /** A request's last answer is told by its caller: see `settled`. */
  answered(status: number): void {
    if (this.isToken) this.note(status === 200 ? 'idle' : 'failed');
    else if (status === 401) this.note('refused');
  }

  settled(ok: boolean): void {
    this.note(ok ? 'ok' : 'failed');
  }
}

/** Everything that one scene puts on the wire, as it was seen there: nothing is drawn that did not happen. */
export class Wire {
  readonly lanes: Lane[] = [];
  /** How often something was sent. The server's own log must show the same number. */
  trips = 0;
  endedAt: number | undefined;

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
      lane.left();
      try {
        const response = await send(config);
        lane.answered(response.status);
        return response;
      } catch (error) {
        lane.answered((error as AxiosError).response?.status ?? 0);
        throw error;
      }
    };
  }
}

/** `{ page: 7 }` is drawn as "page 7"; what has no parameters, the token endpoints, by its path. */
function laneOf({ url = '', params }: InternalAxiosRequestConfig): string {
  return params ? nameOf(params) : url;
}

export function nameOf(params: Record<string, number>): string {
  return Object.entries(params).flat().join(' ');
}
