import type { AxiosInstance } from 'axios';
import type { SkipReason } from '../events.js';
import type { TokenSession } from '../session.js';
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

  return (config: Config, session: TokenSession): SkipReason | undefined => {
    const { baseURL, url = '' } = config;
    const relative = PLAINLY_RELATIVE.test(url);
    // Nearly every request: its origin is the one that the instance was made for.
    const atHome = relative && !allowed && baseURL && baseURL === instance.defaults.baseURL;
    if (!atHome) return judge(baseURL && relative ? parse(baseURL) : finalURL(config), session);
    if (known?.baseURL !== baseURL) known = { baseURL, verdict: judge(parse(baseURL), session) };
    return known?.verdict;
  };

  function judge(final: URL | undefined, { source }: TokenSession): SkipReason | undefined {
    // Credentials in a URL are sent as Basic, instead of any Authorization header.
    if (final?.username || final?.password) return 'own-authorization';
    if (allowed?.has('*')) return undefined;
    const origins = allowed ?? new Set([originOf(instance.defaults.baseURL) ?? pageOrigin()]);
    const origin = final?.origin;
    return origin && (origins.has(origin) || source.origins?.includes(origin)) ? undefined : 'origin';
  }

  function finalURL({ baseURL, url, allowAbsoluteUrls }: Config & { allowAbsoluteUrls?: boolean }): URL | undefined {
    try {
      return parse(baseURL ? instance.getUri({ baseURL, url, allowAbsoluteUrls, params: {} } as Config) : url);
    } catch {
      // A URL that axios refuses goes nowhere: it says so itself.
      return undefined;
    }
  }
}

export function parse(url: string | undefined): URL | undefined {
  try {
    return new URL(url ?? '', globalThis.location?.href);
  } catch {
    return undefined;
  }
}
