import type { AxiosInstance } from 'axios';
import type { SkipReason } from '../events.js';
import type { Session } from '../session/session.js';
import type { Config } from './config.js';

// Relative to the base whatever reads it: axios, the platform's URL parser, or a browser that takes \ for /.
const PLAINLY_RELATIVE = /^(?:$|\/(?![/\\\s])|[\w.~-]+(?:[/?#]|$))/;

/** The page's origin, in a browser or worker. */
export function pageOrigin(): string | undefined {
  return originOf(globalThis.location?.href);
}

export function originOf(url: string | undefined): string | undefined {
  const { protocol, origin } = parse(url) ?? {};
  return protocol === 'http:' || protocol === 'https:' ? origin : undefined;
}

/**
 * Judges where a request goes by its final URL, as axios itself builds it.
 *
 * @param allowed from the options; `undefined`: the instance's own origin, else the page's, plus the source's
 */
export function border(instance: AxiosInstance, allowed: Set<string> | undefined) {
  let known: { baseURL: string | undefined; verdict: SkipReason | undefined } | undefined;

  return (config: Config, session: Session): SkipReason | undefined => {
    const { baseURL, url = '' } = config;
    // Nearly every request: its origin is the one that the instance was made for.
    const atHome = !allowed && baseURL && baseURL === instance.defaults.baseURL && PLAINLY_RELATIVE.test(url);
    if (!atHome) return judge(destination(instance, config), session);
    if (known?.baseURL !== baseURL) known = { baseURL, verdict: judge(parse(baseURL), session) };
    return known?.verdict;
  };

  function judge(final: URL | undefined, { source }: Session): SkipReason | undefined {
    // Credentials in a URL are sent as Basic, instead of any Authorization header.
    if (final?.username || final?.password) return 'own-authorization';
    if (allowed?.has('*')) return undefined;
    const origins = allowed ?? new Set([originOf(instance.defaults.baseURL) ?? pageOrigin()]);
    const origin = final?.origin;
    return origin && (origins.has(origin) || source.origins?.includes(origin)) ? undefined : 'origin';
  }
}

/** The final URL; `undefined`: axios refuses it, and says so itself. */
export function destination(instance: AxiosInstance, config: Config): URL | undefined {
  const { baseURL, url = '', allowAbsoluteUrls } = config as Config & { allowAbsoluteUrls?: boolean };
  if (!baseURL) return parse(url);
  if (PLAINLY_RELATIVE.test(url)) return parse(baseURL);
  try {
    return parse(instance.getUri({ baseURL, url, allowAbsoluteUrls, params: null } as Config));
  } catch {
    return undefined;
  }
}

export function parse(url: string | undefined): URL | undefined {
  try {
    return new URL(url ?? '', globalThis.location?.href);
  } catch {
    return undefined;
  }
}
