import axios, { AxiosError, type AxiosResponse } from 'axios';
import { monotonicNow } from '../platform/deadline.js';
import type { Config } from './config.js';

/** What axios makes of a status. @throws AxiosError, where `validateStatus` says so */
export function settle(response: AxiosResponse, validateStatus: Config['validateStatus']): AxiosResponse {
  const { status, config, request } = response;
  if (!status || !validateStatus || validateStatus(status)) return response;
  const code = status < 500 ? AxiosError.ERR_BAD_REQUEST : AxiosError.ERR_BAD_RESPONSE;
  throw new AxiosError(`Request failed with status code ${status}`, code, config, request, response);
}

/** What axios tells of the time, for a response that it does not see. `began`: ms by the monotonic clock. */
export function setDuration(response: AxiosResponse & { duration?: number }, began: number): void {
  // From axios 1.21 on a response says how long its adapter took.
  if (Number(axios.VERSION.split('.')[1]) >= 21) response.duration = Math.max(0, Math.round(monotonicNow() - began));
}
