import axios, { type AxiosAdapter, AxiosHeaders, type AxiosResponse, getAdapter } from 'axios';
import { forRequest, isBearerError } from '../errors.js';
import { Replayable } from './body.js';
import type { Config, Journey, Passage } from './config.js';
import { isImpatient, patient } from './patience.js';
import { standIn } from './wire.js';

/** On the wire through the gate: first come, first served. Who leaves the queue takes no place in it. */
export async function throughGate(config: Config, journey: Journey): Promise<AxiosResponse> {
  const { guard, session, sent: current } = journey;
  const { gate } = guard;
  const adapter = adapterOf(journey, config);
  const send = () => {
    // Who waited in the queue may have been signed out meanwhile.
    session.requests.assertSame(current);
    return adapter(config);
  };
  if (!isImpatient(config)) return gate(send);

  let left = false;
  let sent!: Promise<AxiosResponse>;
  const turn = new Promise<void>((resolve) => {
    sent = gate(() => {
      resolve();
      return left ? (undefined as never) : send();
    });
  });
  try {
    await patient(turn, config, journey.since);
  } catch (error) {
    left = true;
    sent.catch(() => {});
    throw error;
  }
  return sent;
}

/** The adapter. One of axios's own is of our copy of axios, while the instance may be of another one. */
function adapterOf({ own: { adapter } }: Journey, config: Config): AxiosAdapter {
  const found = getAdapter(adapter || axios.defaults.adapter, config as never);
  const shared = typeof adapter === 'function' || config.headers instanceof AxiosHeaders;
  return shared ? found : (sent) => translated(found, sent);
}

/** Older axios takes the headers of another copy of axios for none at all: here ours do, there the instance's own does. */
function translated(adapter: AxiosAdapter, config: Config): Promise<AxiosResponse> {
  const { headers } = config;
  const plain = (response: AxiosResponse | undefined) => {
    if (response) response.headers = { ...response.headers };
  };
  config.headers = ownHeaders(headers);
  try {
    const answer = adapter(config);
    answer.then(plain, (error) => plain(error?.response));
    return answer;
  } finally {
    config.headers = headers;
  }
}

export function ownHeaders(headers: unknown): AxiosHeaders {
  return headers instanceof AxiosHeaders ? headers : new AxiosHeaders({ ...(headers as AxiosHeaders) });
}

/** Ten thousand that waited do not leave in one tick. */
export function pace(config: Config, journey: Journey): void {
  standIn(config, (sent) => throughGate(sent, journey).catch((error) => refuse(error, sent)), journey);
}

/**
 * Who waited in vain fails where the network would have failed it, its body transformed: axios-retry sends a config
 * again without the transforms.
 */
export function failOnWire(config: Config, error: unknown, passage: Passage): Config {
  // Made anew whenever it is sent, so not now.
  if (config.data instanceof Replayable) refuse(error, config);
  passage.restore = standIn(config, async (sent) => refuse(error, sent));
  return config;
}

function refuse(error: unknown, config: Config): never {
  throw isBearerError(error) && !error.config ? forRequest(error, config) : error;
}
