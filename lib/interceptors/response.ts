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
  try {
    return await finish(error);
  } catch (failure) {
    throw redact(failure, installation);
  }
}

/** What axios does after an adapter, done here for an answer that was held back from it. */
async function finish(held: HeldAnswer): Promise<AxiosResponse> {
  const { exchange } = held;
  try {
    const response = await recover(held);
    throwIfCanceled(exchange.config);
    transformResponse(exchange, response);
    return response;
  } catch (error) {
    transformFailed(exchange, error);
    throw error;
  }
}

function transformFailed(exchange: Exchange, error: unknown): void {
  const { response } = (error ?? {}) as { response?: AxiosResponse };
  if (isCancel(error) || !response) return;
  try {
    transformResponse(exchange, response);
  } catch (thrown) {
    // Our own error says more than that the body could not be read.
    if (!isBearerError(error)) throw thrown;
  }
}
