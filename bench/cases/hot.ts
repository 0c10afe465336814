import axios, { type AxiosInstance } from 'axios';
import { createAuthRefresh } from 'axios-auth-refresh';
import { bearer } from 'axios-bearer';
import { applyAuthTokenInterceptor, applyStorage, setAuthTokens } from 'axios-jwt';
import { copiedSnippet } from '../../examples/demo/peers.js';
import { jwtOfAnHour, Server } from '../server.js';
import { assertEqual, baseURL, type Case, type Send } from './case.js';

type Install = (api: AxiosInstance, server: Server) => void;

/** What nearly every request meets: a fresh token, and nothing to recover. */
export const hot: Case = {
  base: 'bare axios',
  targets: { 'axios-bearer': 1 },
  contenders: {
    'bare axios': contender((api, { token }) => {
      api.defaults.headers.common.Authorization = `Bearer ${token}`;
    }),
    'axios-bearer': contender((api, { token }) => {
      bearer(api, { source: async () => token, tokens: { access_token: token, expires_in: 3600 } });
    }),
    'axios-auth-refresh': contender((api, { token }) => {
      createAuthRefresh(api, async () => token);
      // It attaches no token: its readers are told to write this one themselves.
      api.interceptors.request.use((config) => {
        config.headers.Authorization = `Bearer ${token}`;
        return config;
      });
    }),
    'copied snippet': contender((api, { tokens }) => copiedSnippet.install(api, tokens)),
    'axios-jwt': contender((api, server) => {
      const items = new Map<string, string>();
      applyStorage({
        get: async (key) => items.get(key) ?? null,
        set: async (key, value) => void items.set(key, value),
        remove: async (key) => void items.delete(key),
      });
      server.token = jwtOfAnHour();
      void setAuthTokens({ accessToken: server.token, refreshToken: 'refresh' });
      applyAuthTokenInterceptor(api, { requestRefresh: async () => server.token });
    }),
  },
};

function contender(install: Install): () => Send {
  return () => {
    const server = new Server();
    const api = axios.create({ baseURL, adapter: server.adapter });
    install(api, server);
    return async (requests) => {
      const before = server.served;
      for (let sent = 0; sent < requests; sent++) await api.get(`/videos/${sent}`);
      assertEqual('served', server.served - before, requests);
    };
  };
}
