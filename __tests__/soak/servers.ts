import { startApiVideo } from 'axios-bearer/testing';
import { PUBLIC, startAuthorizationServer } from '../support/authorization-server.js';
import { FAULTS, HEADER, ONCE } from './faults.js';
import type { CommandMessage, ServerCommands } from './server-process.js';

/** The servers' process. They remember all that they ever issued, so theirs is another heap than the one that is judged. */

const LIFE = 2; // s
const video = await startApiVideo({ expiresIn: LIFE });
const oidc = await startAuthorizationServer({ ttl: LIFE });

for (const [name, fault] of Object.entries(FAULTS)) {
  video.fault(({ headers }) => headers[HEADER] === name, fault, { times: Number.POSITIVE_INFINITY });
}
const met = new Set<unknown>();
video.fault(
  ({ headers, path }) => headers[HEADER] === ONCE && !met.has(path) && Boolean(met.add(path)),
  { status: 401 },
  { times: Number.POSITIVE_INFINITY },
);
oidc.intercept((request, response) => {
  const fault = request.headers[HEADER];
  if (!fault) return false;
  if (fault === 'down') response.writeHead(503).end();
  if (fault === 'html') response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>');
  if (fault === 'reset') request.socket.resetAndDestroy();
  return true;
});

const commands: ServerCommands = {
  places: async () => ({
    video: video.url,
    apiKey: video.apiKey,
    oidc: oidc.issuer,
    revocation: oidc.revocationEndpoint,
  }),
  expire: async (which) => (which === 'video' ? video.expire() : oidc.expire()),
  login: (account) => oidc.login(PUBLIC.clientId, account),
  counts: async () => ({ ...video.stats, takenBack: [...oidc.takenBack] }),
};

process.on('message', async ({ id, command, args }: CommandMessage) => {
  const call = commands[command] as (...given: unknown[]) => Promise<unknown>;
  process.send?.({ id, answer: await call(...args) });
});
process.once('disconnect', () => process.exit());
process.send?.({ id: 0 });
