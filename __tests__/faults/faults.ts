import axios from 'axios';
import {
  type Expected,
  failed,
  fine,
  insisted,
  malformed,
  putOff,
  rejected,
  slowedDown,
  unanswered,
  unavailable,
  unmoved,
} from './expected.js';
import type { FaultContext, Played } from './servers.js';

/** A fault, and what it is to come to. */
export interface Row {
  law: string;
  name: string;
  fault: Played;
  /** At the token endpoint, asked by a function that throws what axios throws. */
  token: Expected;
  /** Asked by `axios-bearer/oauth2`. */
  oauth2: Expected;
  /** At the resource, a refresh and a replay mend it. Anything else is handed on as if we were not there. */
  mended?: boolean;
  /** Nothing comes, or not soon: the timeouts are short then. */
  slow?: 'always' | 'for a refresh by http';
  /** Its fetch adapter reads whatever comes in older versions of axios: there it is played with the other one. */
  limited?: boolean;
}

function row(law: string, name: string, fault: Played, token: Expected, more: Partial<Row> = {}): Row {
  return { law, name, fault, token, oauth2: token, ...more };
}

const PAGE = '<!doctype html><title>Bad gateway</title>';
const MB = 1_000_000;

const page = (status: number) => ({ status, body: PAGE, headers: { 'content-type': 'text/html' } });
const noGzip = { status: 200, body: PAGE, headers: { 'content-encoding': 'gzip' } };
const abroad = (status: 302 | 307 | 308) => (world: FaultContext) => ({ redirect: world.abroad, status });
const toItself = ({ here }: FaultContext) => ({ redirect: here });
const oauth = (status: number, error: string) => ({ status, body: { error } });
const tooMany = (wish: string) => ({ status: 429, headers: { 'retry-after': wish } });
const untilDate = () => tooMany(new Date(Date.now() + 120_000).toUTCString());
/** A good answer, with something in its text changed. */
const altered = (from: string | RegExp, to: string) => (world: FaultContext) => ({
  raw: JSON.stringify(world.fresh).replace(from, to),
});
const tooMuch = altered('{', `{"padding":"${'x'.repeat(5 * MB)}",`);
const sameRefreshToken = ({ fresh, held }: FaultContext) => ({ json: { ...fresh, refresh_token: held.refresh_token } });

// Of a body that can't be unpacked, the http adapter below axios 1.19 says nothing where no redirect is followed.
const isTold = Number(axios.VERSION.split('.')[1]) >= 19;
const untold: Partial<Row> = isTold ? {} : { slow: 'for a refresh by http' };

/** By where on its way an answer is hurt. */
export const FAULTS: Record<string, Row[]> = {
  'The connection': [
    row('L10', 'reset before the answer', 'reset', unavailable),
    row('L10', 'reset after the headers', 'reset-after-headers', unavailable),
    row('L24', 'no answer, ever', 'hang', unanswered, { slow: 'always' }),
    row('L24', 'one byte each 100 ms', { drip: 100 }, unanswered, { slow: 'always' }),
    row('L10', 'a body cut short of its length', 'cut-body', unavailable),
    row('L10', 'a body that is not the gzip it is said to be', noGzip, unavailable, untold),
    row('L11', 'a body of 5 MB (`fetch`: from axios 1.16 on)', tooMuch, unavailable, { limited: true }),
  ],
  'The status': [
    row('L19', '302 to another origin', abroad(302), unmoved),
    row('L19', '307 to another origin', abroad(307), unmoved),
    row('L19', '308 to another origin', abroad(308), unmoved),
    row('L24', '302 to itself', toItself, unmoved),
    row('L10', '400 `invalid_grant`', oauth(400, 'invalid_grant'), rejected(400)),
    row('L10', '400 `invalid_request`', oauth(400, 'invalid_request'), rejected(400)),
    row('L10', '400 with a page', page(400), rejected(400), { oauth2: insisted(400) }),
    row('L10', '401', { status: 401 }, rejected(401), { oauth2: insisted(401), mended: true }),
    row('L10', '403', { status: 403 }, rejected(403), { oauth2: insisted(403) }),
    row('L10', '429, `Retry-After` within `backoff.cap`', tooMany('0.2'), slowedDown(200)),
    row('L10', '429, `Retry-After` in seconds, beyond the cap', tooMany('120'), putOff(120_000)),
    row('L10', '429, `Retry-After` as a date, beyond the cap', untilDate, putOff(120_000)),
    row('L12', '429, `Retry-After` in 30 000 years', tooMany('1e12'), putOff(300_000)),
    row('L12', '429, `Retry-After` without sense', tooMany('soon'), failed(429)),
    row('L10', '500 with a page', page(500), failed(500)),
    row('L10', '503', { status: 503 }, failed(503)),
  ],
  'The answer': [
    row('L11', '200 with a page', 'html', malformed),
    row('L11', '204', 'empty', malformed),
    row('L11', '`null`', { json: null }, malformed),
    row('L11', '`[]`', { json: [] }, malformed),
    row('L11', 'half of a JSON text', 'truncated-json', malformed),
    row('L11', 'a byte order mark before it', altered('{', '\uFEFF{'), fine(3600)),
    row('L11', '`__proto__` in it', altered('{', '{"__proto__":{"polluted":1},'), fine(3600)),
    row('L11', 'all of it in `__proto__`', altered(/.*/, '{"__proto__":$&}'), malformed),
    row('L12', '`expires_in` missing', altered(',"expires_in":3600', ''), fine()),
    row('L12', '`expires_in: null`', altered(':3600', ':null'), fine()),
    row('L12', '`expires_in: "3600"`', altered(':3600', ':"3600"'), fine(3600)),
    row('L12', '`expires_in: -1`', altered(':3600', ':-1'), fine()),
    row('L12', '`expires_in: 0`', altered(':3600', ':0'), fine()),
    row('L12', '`expires_in: 1e12`', altered(':3600', ':1e12'), fine(1e12)),
    row('L12', '`expires_in: "NaN"`', altered(':3600', ':"NaN"'), fine()),
    row('L12', '`expires_in: NaN`, which is no JSON', altered(':3600', ':NaN'), malformed),
    row('L11', 'no refresh token', altered(/"refresh_token":"\w+",/, ''), fine(3600, 'the old one')),
    row('L11', 'an empty refresh token', altered(/rt_\w+/, ''), fine(3600, 'the old one')),
    row('L11', 'the same refresh token', sameRefreshToken, fine(3600, 'the old one')),
    row('L11', 'an access token like `1|abc`', altered('at_', '1|at_'), fine(3600)),
    row('L11', 'an access token with a line break', altered('at_', 'at\\r\\nX: 1_'), malformed),
    row('L11', 'an access token beyond ASCII', altered('at_', 'até_'), malformed),
    row('L11', 'an access token of 1 MB', altered('at_', `at_${'x'.repeat(MB)}`), malformed),
  ],
};
