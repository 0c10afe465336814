import { expect, it } from '@jest/globals';
import axios, { type AxiosResponse, isAxiosError } from 'axios';
import type { Config } from '../../lib/interceptors/config.js';
import { settle } from '../../lib/interceptors/settle.js';

const response = (status: number) => ({ status, config: {}, request: {} }) as AxiosResponse;

function made(status: number, validateStatus: Config['validateStatus']) {
  try {
    return settle(response(status), validateStatus).status;
  } catch (error) {
    if (!isAxiosError(error)) throw error;
    const { code, message, config, request } = error;
    expect([config, request, error.response?.status]).toEqual([{}, {}, status]);
    return `${code}: ${message}`;
  }
}

it('a status is made into what axios makes of it', () => {
  const { validateStatus } = axios.defaults;
  expect(made(200, validateStatus)).toBe(200);
  expect(made(401, null)).toBe(401);
  expect(made(401, undefined)).toBe(401);
  expect(made(0, validateStatus)).toBe(0);
  expect(made(401, () => true)).toBe(401);
  expect(made(401, validateStatus)).toBe('ERR_BAD_REQUEST: Request failed with status code 401');
  expect(made(499, validateStatus)).toBe('ERR_BAD_REQUEST: Request failed with status code 499');
  expect(made(500, validateStatus)).toBe('ERR_BAD_RESPONSE: Request failed with status code 500');
});
