import axios, { type AxiosInstance } from 'axios';
import type { TokenAnswer } from 'axios-bearer/testing';
import { axiosAuthRefresh, copiedSnippet } from '../../examples/demo/peers.js';
import { apiPath, type ClientName } from '../protocol.js';
import { Wire } from './wire.js';

/** An axios instance that is to see its requests through an expired token, and what it puts on the wire. */
export interface Client {
  readonly name: ClientName;
  readonly api: AxiosInstance;
  readonly wire: Wire;
}

export const SIGN_IN = '/auth/api-key';
const PEERS = [copiedSnippet, axiosAuthRefresh];

/** A peer that is chosen again counts on, as the server's log does. */
const wires = new Map<ClientName, Wire>();

export function createClient(name: ClientName): Client {
  const wire = wires.get(name) ?? new Wire();
  wires.set(name, wire);
  const api = axios.create({ baseURL: location.origin + apiPath(name), adapter: wire.adapter });
  return { name, api, wire };
}

export async function signIn({ api }: Client, user: string): Promise<TokenAnswer> {
  return (await api.post<TokenAnswer>(SIGN_IN, { apiKey: user })).data;
}

/** Peers know no sign-in: each one begins with tokens, and keeps them in its own memory. */
export async function createPeer(name: ClientName, user: string): Promise<Client> {
  const client = createClient(name);
  const peer = PEERS.find((each) => each.name === name)!;
  peer.install(client.api, await signIn(client, user));
  return client;
}
