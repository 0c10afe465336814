import axios, { type AxiosAdapter, type AxiosError, type AxiosResponse, type InternalAxiosRequestConfig } from 'axios';

const send = axios.getAdapter('xhr');

/** `failures` are the callers': a request that is sent again may yet be answered. */
export const NOTHING = { sent: 0, unauthorized: 0, refreshes: 0, replays: 0, failures: 0 };

/** axios's own adapter, which counts what one client puts on the wire: the same for whichever client it is. */
export class Wire {
  readonly counts = { ...NOTHING };
  /** Called after each change of the counts. */
  changed = () => {};
  readonly #sends = new Map<number, number>();

  readonly adapter: AxiosAdapter = async (config) => {
    this.#departed(config);
    try {
      return this.#arrived(await send(config));
    } catch (error) {
      this.#arrived((error as AxiosError).response);
      throw error;
    }
  };

  /** Was this call sent more than once? */
  isReplayed(call: number): boolean {
    return this.#sends.get(call)! > 1;
  }

  #arrived<T extends AxiosResponse | undefined>(response: T): T {
    if (response?.status === 401) this.counts.unauthorized++;
    this.changed();
    return response;
  }

  #departed({ url, params }: InternalAxiosRequestConfig): void {
    this.counts.sent++;
    if (url?.endsWith('/auth/refresh')) this.counts.refreshes++;
    if (params) this.#called(params.call);
    this.changed();
  }

  #called(call: number): void {
    const before = this.#sends.get(call) ?? 0;
    if (before > 0) this.counts.replays++;
    this.#sends.set(call, before + 1);
  }
}
