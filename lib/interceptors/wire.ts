import { AxiosError, AxiosHeaders, type AxiosResponse } from 'axios';
import type { Config, Guard, Journey, Worn } from './config.js';
import { parse } from './origins.js';

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

/** Made once per token: axios looks at each character, which is dearer in a string that was just put together. */
export function headerValue(guard: Guard, accessToken: string): string {
  const { settings, latest } = guard;
  if (latest?.accessToken === accessToken) return latest.value;
  const value = settings.scheme ? `${settings.scheme} ${accessToken}` : accessToken;
  guard.latest = { accessToken, value };
  return value;
}

/** Makes a request ready for the wire. The one place where the token is written. */
export function arm(config: Config, journey: Journey): void {
  const { guard, sent, own } = journey;
  const { header } = guard.settings;
  const { validateStatus } = own;
  if (header && sent.token.accessToken) {
    const headers = config.headers as Headers;
    headers[nameOf(headers, header) ?? header] = headerValue(guard, sent.token.accessToken);
    wear(config, journey, 'beforeRedirect', stayHome(config, journey, header));
    // fetch follows by itself, and knows of no secret header but Authorization.
    if (header.toLowerCase() !== 'authorization') keepFetchHome(config, journey);
  }
  // Nobody would be there to make an error of it, had the response interceptors been cleared.
  journey.asked = false;
  if (validateStatus && guard.hears()) wear(config, journey, 'validateStatus', lenient(validateStatus, journey));
}

const WORN = ['adapter', 'validateStatus', 'beforeRedirect', 'fetchOptions'] as const;

/** What a config bears of its own where we write; not what somebody has put on Object.prototype. */
export function ownOf(config: Config): Worn {
  const own: Worn = Object.create(null);
  for (const key of WORN) if (Object.hasOwn(config, key)) own[key] = (config as Worn)[key] as never;
  return own;
}

/** Who writes on a config, and so must be able to put back what was there. */
type Wardrobe = Pick<Journey, 'own' | 'worn'>;

/** Puts on a config what it bears for the time on the wire only. */
function wear<K extends keyof Worn>(config: Worn, { worn }: Wardrobe, key: K, value: Worn[K]): void {
  config[key] = value;
  worn[key] = value;
}

/** Puts back what was there, unless somebody else has changed it meanwhile. */
function takeOff(config: Worn, { own, worn }: Wardrobe, key: keyof Worn): void {
  if (!Object.hasOwn(worn, key) || config[key] !== worn[key]) return;
  if (Object.hasOwn(own, key)) config[key] = own[key] as never;
  else delete config[key];
}

/** `act` is done in the adapter's place, which it gives back when it is its turn. @returns the way to give it back before */
export function standIn(
  config: Config,
  act: (sent: Config) => Promise<AxiosResponse>,
  wardrobe: Wardrobe = { own: ownOf(config), worn: {} },
): (sent: Config) => void {
  const leave = (sent: Config) => takeOff(sent, wardrobe, 'adapter');
  wear(config, wardrobe, 'adapter', (sent) => {
    leave(sent);
    return act(sent);
  });
  return leave;
}

export function disarm(config: Worn, journey: Wardrobe): void {
  for (const key of WORN) takeOff(config, journey, key);
}

/** Lets a 401 pass, which may never become an error: making one costs more than the request itself. */
function lenient(was: NonNullable<ValidateStatus>, journey: Journey): ValidateStatus {
  return (status) => {
    if (status !== 401) return was(status);
    journey.asked = true;
    return true;
  };
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
function stayHome(config: Config, { guard, own }: Journey, header: string): Config['beforeRedirect'] {
  return (options, ...rest) => {
    const { href, headers } = options as Redirect;
    const name = nameOf(headers, header);
    if (name && parse(href)?.origin !== guard.destination(config)?.origin) delete headers[name];
    own.beforeRedirect?.(options, ...rest);
  };
}

function keepFetchHome(config: Worn, journey: Journey): void {
  const { fetchOptions } = config;
  if (fetchOptions?.redirect !== 'manual')
    wear(config, journey, 'fetchOptions', { ...fetchOptions, redirect: 'error' });
}
