import { AxiosError, AxiosHeaders, type AxiosResponse, getAdapter } from 'axios';
import type { Config, Guard, Journey } from './config.js';
import { parse } from './origins.js';
import { isImpatient, patient } from './patience.js';

export type Headers = Record<string, unknown>;
type ValidateStatus = Config['validateStatus'];

/** As axios is about to make them: an interceptor may have left others, or none. */
export function headersOf(config: Config): Headers {
  if (typeof config.headers?.setContentType !== 'function') config.headers = AxiosHeaders.from(config.headers as never);
  return config.headers as Headers;
}

export function nameOf(headers: Headers, header: string): string | undefined {
  for (const name of Object.keys(headers)) {
    if (name.length === header.length && name.toLowerCase() === header.toLowerCase()) return name;
  }
  return undefined;
}

export function headerValue({ settings: { scheme } }: Guard, accessToken: string): string {
  return scheme ? `${scheme} ${accessToken}` : accessToken;
}

/** Makes a request ready for the wire. The one place where the token is written. */
export function arm(config: Config, journey: Journey): void {
  const { guard, sent } = journey;
  const { header } = guard.settings;
  if (header && sent.token.accessToken) {
    const headers = config.headers as Headers;
    headers[nameOf(headers, header) ?? header] = headerValue(guard, sent.token.accessToken);
    config.beforeRedirect = stayHome(config, journey, header);
    // fetch follows by itself, and knows of no secret header but Authorization.
    if (header.toLowerCase() !== 'authorization') keepFetchHome(config, journey);
  }
  // Nobody would be there to make an error of it, had the response interceptors been cleared.
  if (guard.hears()) config.validateStatus = lenient(journey.validateStatus);
}

/** Puts back what was there for the time on the wire only. */
export function disarm(config: Config, journey: Journey): void {
  config.validateStatus = journey.validateStatus;
  if (journey.beforeRedirect) config.beforeRedirect = journey.beforeRedirect;
  else Reflect.deleteProperty(config, 'beforeRedirect');
  config.adapter = journey.adapter as never;
  if (journey.fetchOptions) Object.assign(config, journey.fetchOptions);
}

/** Lets a 401 pass, which may never become an error: making one costs more than the request itself. */
function lenient(was: ValidateStatus): ValidateStatus {
  return was && ((status) => status === 401 || was(status));
}

/** What axios makes of a status. */
export function settle(response: AxiosResponse, validateStatus: ValidateStatus): AxiosResponse {
  const { status, config, request } = response;
  if (!status || !validateStatus || validateStatus(status)) return response;
  const code = status < 500 ? AxiosError.ERR_BAD_REQUEST : AxiosError.ERR_BAD_RESPONSE;
  throw new AxiosError(`Request failed with status code ${status}`, code, config, request, response);
}

type Redirect = { href?: string; headers: Headers };

/** The token crosses no redirect to another origin. Axios sees to that for Authorization in its newer versions only. */
function stayHome(config: Config, { guard, beforeRedirect: own }: Journey, header: string): Config['beforeRedirect'] {
  return (options, ...rest) => {
    const { href, headers } = options as Redirect;
    const name = nameOf(headers, header);
    if (name && parse(href)?.origin !== guard.destination(config)?.origin) delete headers[name];
    own?.(options, ...rest);
  };
}

function keepFetchHome(config: Config & { fetchOptions?: { redirect?: string } }, journey: Journey): void {
  if (config.fetchOptions?.redirect === 'manual') return;
  journey.fetchOptions ??= { fetchOptions: config.fetchOptions };
  config.fetchOptions = { ...config.fetchOptions, redirect: 'error' };
}

/** On the wire through the gate: first come, first served. Who leaves the queue takes no place in it. */
export async function throughGate(config: Config, journey: Journey): Promise<AxiosResponse> {
  const { guard, session, sent: current } = journey;
  const { gate } = guard;
  const adapter = getAdapter(journey.adapter ?? undefined, config as never);
  const send = () => {
    // Who waited in the queue may have been signed out meanwhile.
    session.assertSame(current);
    return adapter(config);
  };
  if (!isImpatient(config)) return gate(send);

  let left = false;
  let sent!: Promise<AxiosResponse>;
  const turn = new Promise<void>((resolve) => {
    sent = gate(() => {
      resolve();
      return left ? (undefined as never) : send();
    });
  });
  try {
    await patient(turn, config, journey.since);
  } catch (error) {
    left = true;
    sent.catch(() => {});
    throw error;
  }
  return sent;
}
