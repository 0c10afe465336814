import { setImmediate } from 'node:timers/promises';
import axios from 'axios';
import { bearer } from 'axios-bearer';
import { Server } from '../server.js';
import { all, assertEqual, baseURL, type Case, type Send } from './case.js';

/** The token has ended by the clock, and all wait for one refresh: what that costs, against a token that was there. */
export const expired: Case = {
  base: 'bare axios, once',
  targets: { 'axios-bearer': 1.4 },
  contenders: { 'bare axios, once': bareOnce, 'axios-bearer': held },
};

function bareOnce(): Send {
  const server = new Server();
  return async (requests) => {
    const Authorization = `Bearer ${server.rotate()}`;
    const api = axios.create({ baseURL, adapter: server.adapter, headers: { common: { Authorization } } });
    await Promise.all(all(requests, api));
    assertEqual('served', server.served, requests);
  };
}

function held(): Send {
  const server = new Server();
  return async (requests) => {
    server.rotate();
    const api = axios.create({ baseURL, adapter: server.adapter });
    const source = async () => {
      await setImmediate();
      return server.token;
    };
    bearer(api, { source, tokens: { access_token: 'ended', expires_in: -1 } });
    await Promise.all(all(requests, api));
    assertEqual('served', server.served, requests);
    assertEqual('refused', server.refused, 0);
  };
}
