import axios, {
  type AxiosAdapter,
  AxiosError,
  AxiosHeaders,
  type AxiosResponse,
  type InternalAxiosRequestConfig,
} from 'axios';

type AdapterName = 'http' | 'fetch';

function isKnown(adapter: AdapterName): boolean {
  try {
    return Boolean(axios.getAdapter(adapter));
  } catch {
    return false;
  }
}

/** The adapters that this version of axios has. */
export const adapters = (['http', 'fetch'] as const).filter(isKnown);

/** For titles: the version of axios, and its adapters. */
export const onAdapters = adapters.includes('fetch')
  ? `axios ${axios.VERSION}, adapters http and fetch`
  : `axios ${axios.VERSION}, adapter http only: it has no fetch adapter`;

export function answerOf(config: InternalAxiosRequestConfig, status: number, data: unknown = {}): AxiosResponse {
  return { status, statusText: '', headers: new AxiosHeaders(), data, config };
}

/** A wire without sockets, so that a fake clock is all the time there is. */
export function answering(status: number | ((config: { headers: unknown }) => number)): AxiosAdapter {
  return async (config) => {
    const code = typeof status === 'number' ? status : status(config);
    const response = { status: code, statusText: '', data: {}, headers: {}, config, request: {} };
    if (!config.validateStatus || config.validateStatus(code)) return response;
    throw new AxiosError(`status ${code}`, AxiosError.ERR_BAD_REQUEST, config, {}, response as never);
  };
}
