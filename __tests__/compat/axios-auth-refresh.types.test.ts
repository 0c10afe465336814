import { expect, it } from '@jest/globals';
import axios, { type AxiosError, type AxiosInstance, type InternalAxiosRequestConfig } from 'axios';
import type * as peer from 'axios-auth-refresh';
import * as ours from 'axios-bearer/axios-auth-refresh';
import { expectTypeOf } from 'expect-type';

// What is said here is checked by `tsc -p .`.
it('has the types of axios-auth-refresh', () => {
  expectTypeOf<ours.AxiosAuthRefreshOptions>().toEqualTypeOf<peer.AxiosAuthRefreshOptions>();
  expectTypeOf<ours.AxiosAuthRefreshRequestConfig>().toEqualTypeOf<peer.AxiosAuthRefreshRequestConfig>();
  expectTypeOf<typeof ours.createAuthRefresh>().toEqualTypeOf<typeof peer.createAuthRefresh>();
  expectTypeOf<typeof ours.createAuthRefreshInterceptor>().toEqualTypeOf<typeof peer.createAuthRefreshInterceptor>();
  expectTypeOf<typeof ours.default>().toEqualTypeOf<typeof peer.default>();
});

it('takes the code of its users', () => {
  const use = (api: AxiosInstance, storage: Storage) => {
    const refreshAuthLogic = (failedRequest: AxiosError) =>
      axios.post('/auth/token/refresh').then((tokenRefreshResponse) => {
        storage.setItem('token', tokenRefreshResponse.data.token);
        if (failedRequest.response) {
          failedRequest.response.config.headers.Authorization = `Bearer ${tokenRefreshResponse.data.token}`;
        }
        return Promise.resolve();
      });
    const onRetry = (requestConfig: InternalAxiosRequestConfig) => ({ ...requestConfig, baseURL: '' });
    const id: number = ours.createAuthRefresh(api, refreshAuthLogic, { statusCodes: [401, 403], onRetry });
    ours.default(api, (failedRequest) => Promise.resolve(failedRequest.response.config.headers), {
      shouldRefresh: (error) =>
        (error?.response?.data as { business_error_code: number })?.business_error_code === 100385,
      retryInstance: axios.create(),
    });
    api.interceptors.response.eject(id);
    const config: ours.AxiosAuthRefreshRequestConfig = { skipAuthRefresh: true };
    return [api.get('https://www.example.com/', config), api.get('/', { skipAuthRefresh: true })];
  };
  expect(use).toBeInstanceOf(Function);
});
