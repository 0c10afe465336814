import type { AxiosError, AxiosInstance, AxiosResponse, InternalAxiosRequestConfig } from 'axios';
import { type RecordedOptions, startRecordedClient } from './client.js';

export type Kind = 'synchronous' | 'plain' | 'async';

/** What somebody else's interceptors get to see. */
export interface Seen {
  requests: number;
  answers: number[];
  failures: unknown[];
}

export function addInterceptors(api: AxiosInstance, kind: Kind = 'plain'): Seen {
  const seen: Seen = { requests: 0, answers: [], failures: [] };
  const onRequest = (config: InternalAxiosRequestConfig) => {
    seen.requests += 1;
    return config;
  };
  const onAnswer = (response: AxiosResponse) => {
    seen.answers.push(response.status);
    return response;
  };
  const onFailure = (error: AxiosError) => {
    seen.failures.push(error.response?.status ?? error.code);
    throw error;
  };
  const late =
    <A, R>(handler: (value: A) => R) =>
    async (value: A) => {
      await null;
      return handler(value);
    };
  if (kind === 'async') {
    api.interceptors.request.use(late(onRequest));
    api.interceptors.response.use(late(onAnswer), late(onFailure));
  } else {
    api.interceptors.request.use(onRequest, undefined, { synchronous: kind === 'synchronous' });
    api.interceptors.response.use(onAnswer, onFailure);
  }
  return seen;
}

/** A recorded client, and what `act` made of its instance before or after the install. */
export async function clientAnd<T>(
  when: 'before' | 'after',
  act: (api: AxiosInstance) => T,
  options: RecordedOptions = {},
) {
  const done: T[] = [];
  const before = when === 'before' ? (api: AxiosInstance) => void done.push(act(api)) : undefined;
  const made = await startRecordedClient({ ...options, before });
  if (when === 'after') done.push(act(made.api));
  return { ...made, done: done[0] as T };
}
