import type { AxiosInstance, AxiosResponse } from 'axios';
import { adapterOf } from '../interceptors/axios-copies.js';
import { type Config, extensible, requestInfo } from '../interceptors/config.js';
import { redirectedTo } from '../interceptors/redirects.js';
import { keep, type Lane, type Recording, type Send } from './recording.js';

/** What axios keeps for each `use`. */
interface Handler {
  fulfilled: unknown;
  rejected?: unknown;
}

/** Our adapter for a request, and what stood in its place. */
interface Place {
  readonly recording: Recording;
  readonly lane: Lane;
  readonly own: Config['adapter'];
}

type Tell = () => void;

const places = new WeakMap<object, Place>();

/**
 * Records the requests of an instance. Axios asks `runWhen` once for each request, and reads the handlers' functions after
 * it: so each request is given its own, and its end is known whatever other interceptors make of its answer. What goes over
 * the wire is seen by an adapter around the request's own. Nothing of the instance is replaced.
 *
 * @returns the way to stop
 */
export function watchInstance(instance: AxiosInstance, recording: Recording, tell: Tell): () => void {
  const { request, response } = instance.interceptors;
  const runWhen = () => {
    const { begin, succeed, fail } = watched(instance, recording, tell);
    requests.fulfilled = begin;
    Object.assign(responses, { fulfilled: succeed, rejected: fail });
    return true;
  };
  const ids = [request.use(null, null, { synchronous: true, runWhen }), response.use(null, null)] as const;
  const [requests, responses] = [latestOf(request), latestOf(response)];
  return () => {
    request.eject(ids[0]);
    response.eject(ids[1]);
  };
}

function latestOf(manager: object): Handler {
  return (manager as { handlers: Handler[] }).handlers.at(-1) as Handler;
}

/** The interceptors of one request. */
function watched(instance: AxiosInstance, recording: Recording, tell: Tell) {
  let lane: Lane | undefined;
  let config: Config | undefined;
  const over = (outcome: 'done' | 'failed', code?: string) => {
    if (config) giveBack(config, recording);
    if (lane) end(recording, lane, outcome, code);
    tell();
  };
  return {
    begin(given: Config): Config {
      config = extensible(given);
      const known = placeOf(config.adapter, recording);
      // Another interceptor, such as axios-retry's, sends it again while its caller waits.
      const isAgain = known && known.lane.endedAt === undefined;
      lane = isAgain ? known.lane : begin(recording, config);
      if (!isAgain) config.adapter = adapterAround(known?.own ?? config.adapter, { instance, lane, recording, tell });
      tell();
      return config;
    },
    succeed<T>(answer: T): T {
      over('done');
      return answer;
    },
    fail(error: { code?: string } | undefined): Promise<never> {
      over('failed', error?.code);
      return Promise.reject(error);
    },
  };
}

/** Of this recording: another timeline may watch the same instance, and its adapter stand around ours. */
function placeOf(adapter: Config['adapter'], recording: Recording): Place | undefined {
  const place = typeof adapter === 'function' ? places.get(adapter) : undefined;
  return !place || place.recording === recording ? place : placeOf(place.own, recording);
}

/** A config may be kept, and sent again when we are gone. */
function giveBack(config: Config, recording: Recording): void {
  const place = placeOf(config.adapter, recording);
  if (place) config.adapter = place.own;
}

function begin(recording: Recording, config: Config): Lane {
  recording.counts.requests++;
  return keep(recording.lanes, { ...requestInfo(config), startedAt: Date.now(), sends: [] });
}

function end(recording: Recording, lane: Lane, outcome: 'done' | 'failed', code: string | undefined): void {
  if (lane.endedAt !== undefined) return;
  recording.counts[outcome]++;
  Object.assign(lane, { endedAt: Date.now(), outcome, code });
}

interface Watching {
  readonly instance: AxiosInstance;
  readonly lane: Lane;
  readonly recording: Recording;
  readonly tell: Tell;
}

function adapterAround(own: Config['adapter'], { instance, lane, recording, tell }: Watching): Config['adapter'] {
  const adapter = async (config: Config): Promise<AxiosResponse> => {
    const send = sent(recording, lane);
    tell();
    const answered = (status: number | undefined) => {
      Object.assign(send, { endedAt: Date.now(), status });
      if (status === 401) recording.counts.refused++;
      tell();
    };
    try {
      const response = await adapterOf({ ...config, adapter: own }, instance)(config);
      answered(response.status);
      tellRedirect(response);
      return response;
    } catch (error) {
      answered((error as { response?: AxiosResponse } | undefined)?.response?.status);
      throw error;
    }
  };
  places.set(adapter, { recording, lane, own });
  return adapter;
}

/**
 * This entry has a copy of its own of what knows where fetch was redirected to: the session reads it as XMLHttpRequest
 * tells it.
 */
function tellRedirect(response: AxiosResponse): void {
  const to = redirectedTo(response);
  if (to && !response.request.responseURL) response.request.responseURL = to.href;
}

function sent({ counts }: Recording, { sends }: Lane): Send {
  counts.sent++;
  if (sends.length > 0) counts.replays++;
  const send: Send = { at: Date.now() };
  sends.push(send);
  return send;
}
