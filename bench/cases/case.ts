import type { AxiosInstance } from 'axios';

/** Sends so many requests, and throws if they did not fare as they should. */
export type Send = (requests: number) => Promise<void>;

/** What is measured against what. */
export interface Case {
  /** The contender that the others are divided by. */
  base: string;
  /** The most that a contender may take of the base; none is asked of the others. */
  targets: Record<string, number>;
  contenders: Record<string, () => Send>;
}

export const baseURL = 'https://ws.api.video';

export function assertEqual(what: string, got: number, expected: number): void {
  if (got !== expected) throw new Error(`${what}: ${got}, not ${expected}`);
}

/** So many requests at once. */
export function all(requests: number, api: AxiosInstance): Promise<unknown>[] {
  return Array.from({ length: requests }, (_, sent) => api.get(`/videos/${sent}`));
}
