import type { AxiosDefaults, AxiosInstance } from 'axios';
import type { InstallOptions } from '../options.js';

interface AnyManager {
  use(fulfilled?: never): number;
  eject(id: number): void;
}

/** An instance of any copy of axios: `require` gives another one than `import`, and packages may bring their own. */
export interface AnyAxios {
  /** As axios has it. */
  getUri(config?: never): string;
  /** As axios has them. */
  defaults: Pick<AxiosDefaults, 'baseURL'>;
  /** As axios has them. */
  interceptors: Record<'request' | 'response', AnyManager>;
}

/** What `session.token()` is asked for. */
export interface TokenRequest {
  /** ms that the token should live on; at most nine tenths of its life count. Default 0. */
  minValidity?: number | undefined;
  /** Ends this waiting with its reason, never the refresh. Default: none. */
  signal?: AbortSignal | undefined;
}

/** Called when an installation is taken off, by its own `uninstall` or because another one takes its place. */
export type Left = (uninstall: () => void) => void;

/** What a session knows of axios. @internal */
export interface Joins<Session> {
  /** The client for a source's requests, a sibling of `instance`. `mayStillSend` is asked before each of them. */
  client(instance: AxiosInstance | undefined, signal: AbortSignal, mayStillSend: () => boolean): AxiosInstance;
  /** @returns the way to uninstall: the same one where it is installed already */
  install(session: Session, instance: AnyAxios, options: InstallOptions, left: Left): () => void;
}
