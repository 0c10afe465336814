import { setTimeout as pause } from 'node:timers/promises';
import type { AxiosInstance } from 'axios';

/** Looks for videos until it is told to stop. A poll that fails is no reason to end: the next one may not. */
export async function poll(api: AxiosInstance, everyMs: number, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    await api.get('/videos', { signal: stop }).catch((error) => stop.aborted || console.error(error.message));
    await pause(everyMs, undefined, { signal: stop }).catch(() => {});
  }
}
