import { setImmediate } from 'node:timers/promises';
import axios from 'axios';
import { bearer } from 'axios-bearer';
import { copiedSnippet } from '../../examples/demo/peers.js';
import { Server } from '../server.js';
import { all, assertEqual, baseURL, type Case, type Send } from './case.js';

/** Everybody is refused at once: what recovery costs, against everybody sending twice by themselves. */
export const storm: Case = {
  base: 'bare axios, twice',
  targets: { 'axios-bearer': 0.6 },
  contenders: { 'bare axios, twice': bareTwice, 'axios-bearer': recovered, 'copied snippet': queued },
};

function bareTwice(): Send {
  const server = new Server();
  const api = axios.create({ baseURL, adapter: server.adapter });
  return async (requests) => {
    const token = server.rotate();
    await Promise.all(all(requests, api).map((request) => request.catch(() => {})));
    api.defaults.headers.common.Authorization = `Bearer ${token}`;
    await Promise.all(all(requests, api));
    assertSentTwice(server, requests);
  };
}

function recovered(): Send {
  const server = new Server();
  const api = axios.create({ baseURL, adapter: server.adapter });
  let refreshes = 0;
  const source = async () => {
    refreshes++;
    // Later than every 401, so that all of them wait.
    await setImmediate();
    return server.token;
  };
  bearer(api, { source, tokens: server.token });
  return async (requests) => {
    server.rotate();
    refreshes = 0;
    await Promise.all(all(requests, api));
    assertEqual('refreshes', refreshes, 1);
    assertSentTwice(server, requests);
  };
}

function queued(): Send {
  const server = new Server();
  const api = axios.create({ baseURL, adapter: server.adapter });
  copiedSnippet.install(api, server.tokens);
  return async (requests) => {
    server.rotate();
    await Promise.all(all(requests, api));
    assertEqual('refreshes', server.refreshes, 1);
    assertSentTwice(server, requests);
  };
}

function assertSentTwice(server: Server, requests: number): void {
  assertEqual('refused', server.refused, requests);
  assertEqual('served', server.served, requests);
}
