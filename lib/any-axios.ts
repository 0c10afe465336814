import type { AxiosDefaults } from 'axios';

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
