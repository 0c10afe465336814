/** The parts of a URL that are asked for here. */
export interface ParsedUrl {
  readonly href: string;
  /** Such as `https://api.example`; `undefined`: it is not one of http or https. */
  readonly origin: string | undefined;
  readonly pathname: string;
  /** Does it carry a user name or a password? */
  readonly hasCredentials: boolean;
}

// Scheme, credentials, host and port, path. A backslash or a blank in front of the path has no single reading.
const PARTS = /^([a-z][a-z\d+.-]*:)\/\/([^/?#@\\\s]*@)?([^/?#@\\\s]*)(?=[/?#]|$)([^?#]*)/i;
const DEFAULT_PORT = /^(http:\/\/.*):80$|^(https:\/\/.*):443$/;

/**
 * A URL by the platform's own parser. Its parts are read from the text, since URL of React Native below 0.80 can be made
 * and printed, and throws at `origin`, `protocol` and `username`.
 *
 * @returns `undefined` where it is none, or relative with no base
 */
export function parseUrl(url: string, base?: string): ParsedUrl | undefined {
  try {
    const { href } = new URL(url, base);
    const [, scheme, credentials, host, pathname] = PARTS.exec(href) ?? [];
    if (!scheme) return undefined;
    const origin = `${scheme}//${host}`.toLowerCase().replace(DEFAULT_PORT, '$1$2');
    const isWeb = /^https?:\/\/./.test(origin);
    return { href, origin: isWeb ? origin : undefined, pathname: pathname ?? '', hasCredentials: Boolean(credentials) };
  } catch {
    return undefined;
  }
}
