import type { InternalAxiosRequestConfig } from 'axios';
import type { Backoff, RefreshWindow } from './backoff.js';
import { checkTypes, configError } from './errors.js';
import type { InstallOptions, Origins, SessionOptions } from './options.js';
import { own, ownMethods } from './platform/own.js';
import { parseUrl } from './platform/url.js';
import { isOfKnownProtocol, type TokenSource } from './sources/source.js';

export type SessionSettings = ReturnType<typeof readSessionOptions>;
export type InstallSettings = ReturnType<typeof readInstallOptions>;

/** @throws ERR_BEARER_CONFIG, naming the option */
export function readSessionOptions(given: SessionOptions) {
  const options = own(given);
  const { source, store, leeway, identity, keepFresh = false } = options;
  const asked: TokenSource = ownMethods<TokenSource>(typeof source === 'function' ? { refresh: source } : source);
  const { refresh, obtain, authorize, tokens, revoke, isRejected, needsRefreshToken, interactive, origins } = asked;
  const { secrets } = asked;
  const able = [refresh, obtain, authorize].filter((method) => method !== undefined);
  check(
    (able.length > 0 || tokens !== undefined) && able.every(isFunction),
    'source',
    'a function, or an object with refresh() or obtain()',
    source,
  );
  const { read, write, withLock } = own(store);
  const stores = [read, write, withLock].every(isFunction);
  check(store === undefined || stores, 'store', 'a TokenStore: read(), write() and withLock()', store);
  const { then } = own(Object(options.tokens ?? tokens));
  check(!isFunction(then), 'tokens', 'tokens, not a promise of them: await it before', options.tokens);
  checkTypes('function', { identity, 'source.revoke': revoke, 'source.isRejected': isRejected });
  checkTypes('boolean', {
    keepFresh,
    'source.needsRefreshToken': needsRefreshToken,
    'source.interactive': interactive,
  });
  return {
    // Read once, as it is asked at each request.
    source: {
      refresh,
      obtain,
      authorize,
      tokens,
      revoke,
      isRejected,
      needsRefreshToken,
      interactive,
      secrets: secrets && [secrets].flat().filter((secret) => typeof secret === 'string'),
      origins: origins && [origins].flat().map((origin) => readOrigin(origin, 'source.origins')),
    } as TokenSource,
    isOfKnownProtocol: isOfKnownProtocol(asked),
    tokens: options.tokens ?? tokens,
    store,
    identity,
    keepFresh,
    leeway: leeway === undefined ? undefined : atLeast(0, 'leeway', leeway),
    // Long enough for a slow token endpoint, and short enough for a person at a screen.
    refreshTimeout: atLeast(1, 'refreshTimeout', options.refreshTimeout ?? 10_000),
    refreshRetries: atLeast(0, 'refreshRetries', options.refreshRetries ?? 3),
    backoff: readBackoff(options.backoff),
    refreshWindow: readRefreshWindow(options.refreshWindow),
  };
}

// Printable ASCII: what a header can hold.
const PRINTABLE = /^[\x20-\x7E]*$/;
// RFC 9110 §5.6.2
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;

// Shared by all sessions that were given nothing else: there may be thousands of them.
const BACKOFF: Backoff = { initial: 250, factor: 2, cap: 30_000 };
const REFRESH_WINDOW: RefreshWindow = { limit: 5, interval: 30_000 };

function readBackoff(given: Partial<Backoff> | undefined): Backoff {
  if (given === undefined) return BACKOFF;
  check(isObject(given), 'backoff', 'an object', given);
  const { initial, factor, cap } = own(given);
  return {
    initial: atLeast(0, 'backoff.initial', initial ?? BACKOFF.initial),
    factor: atLeast(1, 'backoff.factor', factor ?? BACKOFF.factor),
    cap: atLeast(0, 'backoff.cap', cap ?? BACKOFF.cap),
  };
}

function readRefreshWindow(given: Partial<RefreshWindow> | undefined): RefreshWindow {
  if (given === undefined) return REFRESH_WINDOW;
  check(isObject(given), 'refreshWindow', 'an object', given);
  const { limit, interval } = own(given);
  return {
    limit: atLeast(1, 'refreshWindow.limit', limit ?? REFRESH_WINDOW.limit),
    interval: atLeast(1, 'refreshWindow.interval', interval ?? REFRESH_WINDOW.interval),
  };
}

/** @throws ERR_BEARER_CONFIG, naming the option */
export function readInstallOptions(given: InstallOptions) {
  const options = own(given);
  const { skip, shouldRefresh, shouldRefreshOnError, beforeSend, origins } = options;
  const { whenSignedOut = 'send', header = 'Authorization', scheme = 'Bearer' } = options;
  checkTypes('function', { skip, shouldRefresh, shouldRefreshOnError, beforeSend });
  checkTypes('boolean', { redact: options.redact });
  check(['send', 'reject'].includes(whenSignedOut), 'whenSignedOut', "'send' or 'reject'", whenSignedOut);
  check(
    header === false || (typeof header === 'string' && HEADER_NAME.test(header)),
    'header',
    'a name, or false',
    header,
  );
  check(typeof scheme === 'string' && PRINTABLE.test(scheme), 'scheme', "a word such as 'Bearer', or ''", scheme);
  // As many as a browser or an agent keeps busy; more only wait elsewhere.
  const replayConcurrency = atLeast(1, 'replayConcurrency', options.replayConcurrency ?? 64);
  const whole = Number.isInteger(replayConcurrency) || replayConcurrency === Number.POSITIVE_INFINITY;
  check(whole, 'replayConcurrency', 'a whole number', replayConcurrency);
  return {
    skip,
    shouldRefresh,
    shouldRefreshOnError,
    beforeSend,
    origins: readOrigins(origins),
    whenSignedOut,
    maxReplays: atLeast(0, 'maxReplays', options.maxReplays ?? 4),
    replayConcurrency,
    header,
    // A blank is put between it and the token.
    scheme: scheme.trim(),
    redact: options.redact ?? true,
  };
}

function readOrigins(given: InstallOptions['origins']) {
  if (given === undefined) return undefined;
  const read = (origins: Origins) => new Set([origins].flat().map((each) => (each === '*' ? each : readOrigin(each))));
  return typeof given === 'function' ? (config: InternalAxiosRequestConfig) => read(given(config)) : read(given);
}

function readOrigin(origin: string, option = 'origins'): string {
  // A pattern would be an origin that no request goes to.
  const read = typeof origin === 'string' && !origin.includes('*') ? parseUrl(origin)?.origin : undefined;
  check(read !== undefined, option, `whole origins such as 'https://api.example.com'`, origin);
  return read as string;
}

function atLeast(least: number, option: string, value: number): number {
  check(typeof value === 'number' && value >= least, option, `a number of at least ${least}`, value);
  return value;
}

function check(ok: boolean, option: string, expected: string, got: unknown): void {
  if (!ok) throw configError(option, expected, got);
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}
