import type { Token } from '../token.js';

/** An error's cause that is fit to be logged. */
export interface Cause extends Error {
  code?: unknown;
  status?: number;
  error?: string;
  error_description?: string;
  error_uri?: string;
}

// RFC 6749 §5.2
const OAUTH = ['error', 'error_description', 'error_uri'] as const;

/**
 * Why something failed: the message without tokens, the code, the status, the OAuth error. The error itself stays here,
 * as its config and its response may hold refresh tokens.
 */
export function redactedCause(error: unknown, tokens: Token[]): Cause {
  type Response = { status?: number; data?: Record<string, unknown> | null };
  type Thrown = Cause & { response?: Response; config?: { data?: unknown } };
  const { name, message, code, status, response, config } = (error ?? {}) as Thrown;
  // Clients other than axios put the server's words on the error itself.
  const said = (response?.data ?? error ?? {}) as Record<string, unknown>;
  // Node keeps the error of an aborted call on its socket, where a later request's error may show it.
  if (config?.data) delete config.data;
  const secrets = tokens
    .flatMap(({ accessToken, refreshToken }) => [accessToken, refreshToken])
    .filter((secret) => secret);
  const hide = (text: unknown) =>
    secrets.reduce<string>((kept, secret) => kept.replaceAll(secret as string, '[token]'), String(text));

  const text = message ?? (typeof error === 'object' ? 'it threw an object without a message' : error);
  const cause: Cause = new Error(hide(text));
  if (name) cause.name = name;
  if (typeof code === 'string') cause.code = code;
  if (response?.status ?? status) cause.status = response?.status ?? status;
  for (const field of OAUTH) if (typeof said[field] === 'string') cause[field] = hide(said[field]);
  return cause;
}
