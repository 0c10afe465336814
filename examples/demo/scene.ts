import axios, { type AxiosError, type AxiosInstance } from 'axios';
import { type ApiVideo, type ApiVideoOptions, startApiVideo } from 'axios-bearer/testing';
import { laneName, Wire } from './wire.js';

/** A server on 127.0.0.1, an axios instance that talks to it, and a record of what they say. */
export interface Scene {
  readonly title: string | undefined;
  readonly server: ApiVideo;
  readonly api: AxiosInstance;
  readonly wire: Wire;
  /** One GET, drawn on the lane of that name. Never rejects: gives the error its caller would have caught, if any. */
  get(url: string, params: Record<string, number>): Promise<AxiosError | undefined>;
  end(): Promise<void>;
}

export async function openScene(options: ApiVideoOptions, title?: string): Promise<Scene> {
  const server = await startApiVideo(options);
  const wire = new Wire();
  const api = axios.create({ baseURL: server.url, adapter: wire.adapter });

  return {
    title,
    server,
    api,
    wire,
    get: async (url, params) => {
      const lane = wire.lane(laneName(params));
      lane.called();
      const error = await api.get(url, { params }).then(
        () => undefined,
        (error: AxiosError) => error,
      );
      lane.settled(!error);
      return error;
    },
    end: () => {
      wire.endedAt ??= Date.now();
      return server.close();
    },
  };
}
