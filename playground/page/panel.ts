import type { AxiosError } from 'axios';
import type { Stats } from 'axios-bearer/testing';
import type { Client } from './client.js';
import { NOTHING } from './wire.js';

const numbers = new Intl.NumberFormat('en');
const show = (n: number) => numbers.format(n);

/** What one client did: a square for each call, the counters, and what the server's log says of it. */
export class Panel {
  readonly #root: HTMLElement;
  readonly #calls: HTMLElement;
  #pending = 0;
  #failed = new Map<string, number>();
  #frame = 0;
  #client: Client | undefined;

  constructor(id: string) {
    this.#root = document.getElementById(id)!;
    const template = document.querySelector<HTMLTemplateElement>('#client')!;
    this.#root.append(template.content.cloneNode(true));
    this.#calls = this.#find('.calls');
  }

  /** Shows this client from now on; none: an empty panel. */
  show(client: Client | undefined): void {
    this.#client = client;
    if (client) client.wire.changed = () => this.#redraw();
    this.#pending = 0;
    this.#startAnew();
    this.#find('.logged').textContent = '';
    this.#draw();
  }

  /** @returns a square for each of so many calls, to be settled */
  add(n: number): HTMLElement[] {
    if (this.#pending === 0) this.#startAnew();
    const squares = Array.from({ length: n }, () => document.createElement('i'));
    this.#calls.append(...squares);
    this.#calls.dataset.size = sizeFor(this.#calls.childElementCount);
    this.#pending += n;
    this.#root.ariaBusy = 'true';
    this.#redraw();
    return squares;
  }

  settle(square: HTMLElement, call: number, error?: AxiosError): void {
    if (!square.isConnected) return; // of a client that is shown no more
    square.className = error ? 'failed' : this.#client?.wire.isReplayed(call) ? 'replayed' : 'ok';
    this.#pending--;
    if (error) this.#note(error);
    this.#redraw();
  }

  /** What the server has counted of this client, in all tabs. */
  logged({ requests, unauthorized, refresh, reuse }: Stats): void {
    const entries = {
      sent: requests,
      '401s': unauthorized,
      refreshes: refresh,
      ...(reuse && { 'spent twice': reuse }),
    };
    const said = Object.entries(entries).map(([name, n]) => `${name} ${show(n)}`);
    this.#find('.logged').textContent = `The server’s log: ${said.join(', ')}`;
  }

  #note(error: AxiosError): void {
    const why = reasonOf(error);
    this.#failed.set(why, (this.#failed.get(why) ?? 0) + 1);
  }

  #startAnew(): void {
    this.#calls.replaceChildren();
    this.#failed.clear();
  }

  /** At most once a frame: a thousand answers may come in one. */
  #redraw(): void {
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  #draw(): void {
    this.#frame = 0;
    for (const [name, count] of Object.entries(this.#client?.wire.counts ?? NOTHING))
      this.#find(`[data-count=${name}]`).textContent = show(count);
    const said = this.#sentence();
    this.#find('.said').textContent = said;
    this.#calls.ariaLabel = said;
    this.#root.ariaBusy = String(this.#pending > 0);
  }

  #sentence(): string {
    const all = this.#calls.childElementCount;
    if (!this.#client) return 'Choose a client: it is given the same traffic, by a server of its own.';
    if (all === 0) return 'No request yet.';
    if (this.#pending > 0) return `${show(all - this.#pending)} of ${show(all)} have ended.`;
    const failed = [...this.#failed].map(([why, n]) => `${show(n)} failed (${why})`);
    const ok = all - [...this.#failed.values()].reduce((sum, n) => sum + n, 0);
    return `${[`${show(ok)} of ${show(all)} answered`, ...failed].join(', ')}.`;
  }

  #find(selector: string): HTMLElement {
    return this.#root.querySelector(selector)!;
  }
}

/** What the caller reads: our code, else the status, else axios's code. */
function reasonOf({ code = 'unknown', response }: AxiosError): string {
  return code.startsWith('ERR_BEARER') || !response ? code : String(response.status);
}

/** So that all squares find room, on a phone too. */
function sizeFor(n: number): 'large' | 'middling' | 'small' {
  if (n <= 100) return 'large';
  return n <= 400 ? 'middling' : 'small';
}
