/** What `startApiVideo` is given. Nothing is required. */
export interface ApiVideoOptions {
  /** Asked at each `POST /auth/api-key`. Default `['test-api-key']`. */
  apiKeys?: readonly string[];
  /** Read when an access token or a cookie is minted: its life in **seconds**, told and enforced. Default 3600. */
  expiresIn?: number;
  /** Read at each request: the server's clock, in ms since the epoch. Default `Date.now`, a fake one if installed. */
  now?: () => number;
  /** Asked at each refresh: is the refresh token replaced, and the old one spent? Default `true`. */
  rotate?: boolean;
  /** Asked when a spent refresh token comes again: does its whole family die with it? Default `true`. */
  reuseDetection?: boolean;
  /** Waited between a resource request's work and its answer, in real ms. Default 0. */
  latency?: number;
  /** Waited between a token request's work (`/auth/*`, cookie login and refresh) and its answer, in real ms. Default 0. */
  refreshLatency?: number;
}

/** The options with every default filled in. */
export type Settings = Required<ApiVideoOptions>;

/**
 * Called once, by `startApiVideo`: fills in the defaults. Throws a `TypeError` on an empty `apiKeys`, since the handle's
 * `apiKey` would be missing.
 */
export function readOptions(options: ApiVideoOptions): Settings {
  const settings: Settings = {
    apiKeys: ['test-api-key'],
    expiresIn: 3600, // what api.video answers
    now: () => Date.now(), // looked up at each call, so that a fake clock installed later counts
    rotate: true,
    reuseDetection: true,
    latency: 0,
    refreshLatency: 0,
    ...options,
  };
  if (settings.apiKeys.length === 0) throw new TypeError('startApiVideo: `apiKeys` must hold at least one key');
  return settings;
}
