import type { AxiosResponse } from 'axios';
import { isCancel } from 'axios';
import { isBearerError } from '../errors.js';
import { throwIfCanceled } from './cancellation.js';
import { type Exchange, HeldAnswer, type Installation } from './exchange.js';
import { redact } from './redact.js';
import { recover } from './send.js';
import { transformResponse } from './transform.js';

/** The response interceptor: recovers a request that was refused, and lets no error leave with a token. */
export async function recoverOrRedact(installation: Installation, error: unknown): Promise<AxiosResponse> {
  if (!(error instanceof HeldAnswer)) throw redact(error, installation);
  const { exchange } = error;
  try {
    const response = await recover(error);
    // What axios does after an adapter is done here, for an answer that was held back from it.
    throwIfCanceled(exchange.config);
    transformResponse(exchange, response);
    return response;
  } catch (failure) {
    throw redact(transformedFailure(exchange, failure), installation);
  }
}

/** @returns the failure; or what a transform throws at its response, as with bare axios */
function transformedFailure(exchange: Exchange, failure: unknown): unknown {
  const { response } = (failure ?? {}) as { response?: AxiosResponse };
  if (isCancel(failure) || !response) return failure;
  try {
    transformResponse(exchange, response);
    return failure;
  } catch (thrown) {
    // Our own error says more than that the body could not be read.
    return isBearerError(failure) ? failure : thrown;
  }
}
