import type { AxiosInstance } from 'axios';
import type { AnyAxios } from '../any-axios.js';
import type { InstallOptions } from '../options.js';

/** What `session.token()` is asked for. */
export interface TokenRequest {
  /** ms that the token should live on; at most nine tenths of its life count. Default 0. */
  minValidity?: number;
  /** Ends this waiting with its reason, never the refresh. Default: none. */
  signal?: AbortSignal;
}

/** What a session knows of axios. @internal */
export interface Joins<Session> {
  /** The client for a source's requests, a sibling of `instance`. `mayStillSend` is asked before each of them. */
  client(instance: AxiosInstance | undefined, signal: AbortSignal, mayStillSend: () => boolean): AxiosInstance;
  install(session: Session, instance: AnyAxios, options: InstallOptions): () => void;
}
