import type { AxiosError } from 'axios';
import type { Client } from './client.js';
import type { Panel } from './panel.js';

let calls = 0;

/** So many calls at once. */
export async function send(client: Client, panel: Panel, n: number): Promise<void> {
  await Promise.all(panel.add(n).map((square) => call(client, panel, square, '/videos')));
}

/** So many calls, one after the other, of a URL that refuses every token. */
export async function poll(client: Client, panel: Panel, n: number): Promise<void> {
  for (const square of panel.add(n)) await call(client, panel, square, '/always-401');
}

/** What an app does: a GET, which knows nothing of tokens. */
async function call({ api, wire }: Client, panel: Panel, square: HTMLElement, url: string): Promise<void> {
  const call = ++calls;
  const error = await api.get(url, { params: { call } }).then(
    () => undefined,
    (error: AxiosError) => error,
  );
  if (error) wire.counts.failures++;
  panel.settle(square, call, error);
}
