import { AxiosError, type AxiosResponse, CanceledError, type InternalAxiosRequestConfig } from 'axios';
import type { Reply } from './server.js';
import type { Simulation } from './simulation.js';

export type Config = InternalAxiosRequestConfig;

/** What axios makes of a reply. @throws AxiosError */
export function settle({ status, data, headers = {} }: Reply, config: Config): AxiosResponse {
  if (status < 0) throw new AxiosError('socket hang up', 'ECONNRESET', config);
  const response = { status, statusText: '', data: structuredClone(data), headers, config } as AxiosResponse;
  if (config.validateStatus?.(status) !== false) return response;
  const code = status < 500 ? AxiosError.ERR_BAD_REQUEST : AxiosError.ERR_BAD_RESPONSE;
  throw new AxiosError(`Request failed with status code ${status}`, code, config, undefined, response);
}

/** The way there and back takes as long as the scheduler likes, unless the caller gives up. */
export function send(
  config: Config,
  simulation: Simulation,
  arrive: () => Reply,
  leave: (reply: Reply, heard: boolean) => void,
): Promise<AxiosResponse> {
  const travel = async () => {
    await simulation.delay(`to ${config.url}`);
    const reply = arrive();
    if (reply.status === 0) return new Promise<never>(() => {});
    await simulation.delay(`from ${config.url}: ${reply.status}`);
    leave(reply, !config.signal?.aborted);
    return settle(reply, config);
  };
  return new Promise((resolve, reject) => {
    const abort = () => reject(new CanceledError(undefined, config as never));
    if (config.signal?.aborted) return abort();
    config.signal?.addEventListener?.('abort', abort);
    travel().then(resolve, reject);
  });
}

/** The token that a request bears, if its header is written as RFC 6750 §2.1 has it, and once. */
export function bearerOf({ headers }: Config): { token?: string; well: boolean } {
  const values = Object.entries(headers.toJSON())
    .filter(([name]) => name.toLowerCase().includes('authorization'))
    .map(([, value]) => String(value));
  const [, token] = /^Bearer (\S+)$/.exec(values[0] ?? '') ?? [];
  return { ...(token && { token }), well: values.length === 0 || (values.length === 1 && token !== undefined) };
}
