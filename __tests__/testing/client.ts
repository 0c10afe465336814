import axios, { type AxiosInstance } from 'axios';
import type { ApiVideo } from 'axios-bearer/testing';

/** A plain client of the server that reports every status instead of throwing, as `token` if there is one. */
export function clientOf(server: ApiVideo, token?: string): AxiosInstance {
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  return axios.create({ baseURL: server.url, headers, validateStatus: () => true, maxRedirects: 0 });
}

/** The `code` a request fails with; 'answered' when it does not fail. */
export function codeOf(request: Promise<unknown>): Promise<string | undefined> {
  return request.then(
    () => 'answered',
    (error: { code?: string }) => error.code,
  );
}
