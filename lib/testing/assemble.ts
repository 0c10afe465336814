import type { RequestListener } from 'node:http';
import type { ApiVideo } from './api-video.js';
import { identify } from './http/door.js';
import { createRouter } from './http/router.js';
import type { Settings } from './options.js';
import { createPipeline } from './pipeline.js';
import { authRoutes } from './routes/auth.js';
import { cookieRoutes } from './routes/cookies.js';
import { uploadRoutes } from './routes/uploads.js';
import { utilityRoutes } from './routes/utility.js';
import { videoRoutes } from './routes/videos.js';
import { Faults } from './script/faults.js';
import { Holds } from './script/holds.js';
import { Authority } from './state/authority.js';
import { CookieSessions } from './state/cookies.js';
import { Ledger } from './state/ledger.js';
import { Videos } from './state/videos.js';

/** The server without its socket: what takes requests, and a test's levers on it. */
export interface Assembly {
  listener: RequestListener;
  levers: Omit<ApiVideo, 'url' | 'apiKey' | 'close'>;
}

/** Called once per server, by `startApiVideo`: the one place where its parts are joined. */
export function assemble(settings: Settings): Assembly {
  const ledger = new Ledger();
  const authority = new Authority(settings, () => {
    ledger.stats.reuse += 1;
  });
  const cookies = new CookieSessions(settings);
  const holds = new Holds();
  const faults = new Faults();
  const listener = createPipeline({
    settings,
    ledger,
    holds,
    faults,
    identify: (request) => identify(request, authority, cookies),
    route: createRouter(allRoutes(settings, authority, cookies)),
  });
  const levers: Assembly['levers'] = {
    stats: ledger.stats,
    log: ledger.log,
    issue: () => authority.grant(),
    expire: () => {
      authority.expire();
      cookies.expire();
    },
    revokeRefreshTokens: () => {
      authority.revokeRefreshTokens();
      cookies.revoke();
    },
    setExpiresIn: (seconds) => {
      settings.expiresIn = seconds;
    },
    fault: (where, fault, options) => faults.add(where, fault, options),
    hold: (where) => holds.add(where),
    reset: () => {
      faults.clear();
      holds.releaseAll();
      ledger.reset();
    },
  };
  return { listener, levers };
}

function allRoutes(settings: Settings, authority: Authority, cookies: CookieSessions) {
  const videos = new Videos(settings.now);
  return [
    ...authRoutes(authority, settings.apiKeys),
    ...videoRoutes(videos),
    ...uploadRoutes(videos, settings.now),
    ...cookieRoutes(cookies),
    ...utilityRoutes(),
  ];
}
