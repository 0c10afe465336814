import axios, { type AxiosInstance } from 'axios';
import { configError } from '../errors.js';
import { type ParsedUrl, parseUrl } from '../platform/url.js';
import type { InstallSettings } from '../read-options.js';
import type { SkipReason } from '../session/events.js';
import type { Requests } from '../session/requests.js';
import { type Config, isOfOurCopy } from './config.js';
import { isAuthorization } from './header.js';

// Relative to the base whatever reads it: axios, the platform's URL parser, or a browser that takes \ for /.
const PLAINLY_RELATIVE = /^(?:$|\/(?![/\\\s])|[\w.~-]+(?:[/?#]|$))/;

/** The page's origin, in a browser or worker. A frame that was written has none in its address, and that of its page. */
export function pageOrigin(): string | undefined {
  return parseUrl(globalThis.location?.href ?? '')?.origin ?? parseUrl(globalThis.origin ?? '')?.origin;
}

/** Of a `baseURL`: a relative one is the page's own, whatever its `<base>` says. */
export function originOf(url: string | undefined): string | undefined {
  return parseUrl(url ?? '', globalThis.location?.href)?.origin;
}

const NOWHERE =
  'axios-bearer: no token is attached, as the baseURL is relative and there is no page to tell its origin. On a server, set the option "origins", or an absolute baseURL';

/** Relative to the `baseURL`, whatever reads it. */
export function isPlainlyRelative(url: unknown): boolean {
  return typeof url === 'string' && PLAINLY_RELATIVE.test(url);
}

/**
 * Judges where a request goes by its final URL, as its adapter builds it.
 *
 * @param given the option `origins`; `undefined`: the instance's own origin, else the page's, plus the source's
 * @param header where the token goes
 */
export function originCheck(
  instance: AxiosInstance,
  given: InstallSettings['origins'],
  header: InstallSettings['header'],
) {
  // `page`: the one that a relative baseURL was read by.
  let known: { baseURL: string; page: string | undefined; reason: SkipReason | undefined } | undefined;
  let hasWarned = false;

  return (config: Config, requests: Requests): SkipReason | undefined => {
    const { baseURL, url = '' } = config;
    // Nearly every request: its origin is the one that the instance was made for.
    const atHome = !given && baseURL && baseURL === instance.defaults.baseURL && isPlainlyRelative(url);
    if (!atHome) return judge(destination(instance, config), config, requests);
    if (known?.baseURL === baseURL && (!known.page || known.page === pageURL())) return known.reason;
    const base = parse(baseURL);
    const reason = judge(base, config, requests);
    // A page that comes later may tell what a relative one means.
    if (base) known = { baseURL, page: parseUrl(baseURL) ? undefined : pageURL(), reason };
    return reason;
  };

  function judge(final: ParsedUrl | undefined, config: Config, { source }: Requests): SkipReason | undefined {
    // Credentials in a URL are sent as Basic, instead of any Authorization header.
    if (final?.hasCredentials && isAuthorization(header)) return 'own-authorization';
    const allowed = typeof given === 'function' ? given(config) : given;
    if (allowed?.has('*')) return undefined;
    if (!final && !allowed && !parse(config.baseURL) && !hasWarned) {
      hasWarned = true;
      console.warn(NOWHERE);
    }
    const origins = allowed ?? new Set([originOf(instance.defaults.baseURL) ?? pageOrigin()]);
    const origin = final?.origin;
    return origin && (origins.has(origin) || source.origins?.includes(origin)) ? undefined : 'origin';
  }
}

/** @throws ERR_BEARER_CONFIG where nothing tells where the token may go */
export function assertOrigin(instance: AxiosInstance, given: unknown, ofSource: string[] | undefined): void {
  if (given || instance.defaults.baseURL !== undefined || pageOrigin() || ofSource?.length) return;
  throw configError('origins', 'given, as there is no baseURL and no page to tell where the token may go', undefined);
}

/** A URL of the origin that a request goes to; `undefined`: axios refuses it, and says so itself. */
export function destination(instance: AxiosInstance, config: Config): ParsedUrl | undefined {
  const { baseURL, url = '' } = config;
  if (!baseURL) return parse(url);
  return isPlainlyRelative(url) ? parse(baseURL) : finalUrl(instance, config);
}

/** The final URL, without its parameters. */
export function finalUrl(instance: AxiosInstance, config: Partial<Config>): ParsedUrl | undefined {
  const { baseURL, url = '' } = config;
  // What an interceptor has taken off must not come back from the defaults.
  const allowAbsoluteUrls = heedsAbsoluteUrls(config) ? (config.allowAbsoluteUrls ?? true) : true;
  try {
    return parse(instance.getUri({ baseURL, url, allowAbsoluteUrls, params: null } as Config));
  } catch {
    return undefined;
  }
}

/** The adapters below axios 1.8.3 dial an absolute URL whatever `allowAbsoluteUrls` says. */
function heedsAbsoluteUrls(config: Partial<Config>): boolean {
  const [major = 0, minor = 0, patch = 0] = axios.VERSION.split('.').map(Number);
  const isNew = major > 1 || minor > 8 || (minor === 8 && patch >= 3);
  return isNew && isOfOurCopy(config);
}

/** Relative to what a browser dials it by, where there is a page: that of a `<base>` may be of another origin. */
export function parse(url: string | undefined): ParsedUrl | undefined {
  return parseUrl(url ?? '', pageURL());
}

function pageURL(): string | undefined {
  return globalThis.document?.baseURI ?? globalThis.location?.href;
}
