import type { AxiosError } from 'axios';

/** The error that `promise` is rejected with. Throws if it is fulfilled. */
// biome-ignore lint/suspicious/noExplicitAny: an error is anything
export function failureOf(promise: Promise<unknown>): Promise<any> {
  return promise.then(
    (value) => {
      const status = (value as { status?: number } | undefined)?.status;
      throw new Error(`expected a failure, got ${status ?? JSON.stringify(value)}`);
    },
    (error) => error,
  );
}

/** The `code` of the error that `promise` is rejected with, or `fulfilled`. */
export function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => 'fulfilled',
    (error) => error.code ?? String(error),
  );
}

/** The status of the answer to `request`, whether good or bad; the error's code if there was no answer. */
export function outcomeOf(request: Promise<{ status: number }>): Promise<number | string | undefined> {
  return request.then(
    ({ status }) => status,
    (error: AxiosError) => error.response?.status ?? error.code,
  );
}

/** The status of the answer to `request`, or the error that it is rejected with. */
export function statusOrError(request: Promise<{ status: number }>): Promise<number | AxiosError> {
  return request.then(
    ({ status }) => status,
    (error: AxiosError) => error,
  );
}

/** By its answer: an error of the older axios versions has no `status` of its own. */
export function statusOf({ response }: AxiosError): number | undefined {
  return response?.status;
}
