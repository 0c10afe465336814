/** Axios's own verdict on an answer. It is no public export, but a transport without it would be none of axios's. */
declare module 'axios/unsafe/core/settle.js' {
  import type { AxiosResponse } from 'axios';

  export default function settle(
    resolve: (response: AxiosResponse) => void,
    reject: (error: unknown) => void,
    response: AxiosResponse,
  ): void;
}
