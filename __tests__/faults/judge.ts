import { refreshTimeout } from './client.js';
import { BACKOFF, type Expected, REFRESH_RETRIES } from './expected.js';
import type { Row } from './faults.js';
import type { AtResource, AtTokenEndpoint } from './measure.js';

type Range = readonly [from: number, to: number];
type Check = [what: string, got: unknown, wanted: unknown];

const ATTEMPTS: Record<Expected['asked'], Range> = {
  once: [1, 1],
  'once, and no attempt is over': [0, 0],
  'at each attempt': [1 + REFRESH_RETRIES, 1 + REFRESH_RETRIES],
  'at most at each attempt': [1, 1 + REFRESH_RETRIES],
};
/** So many times longer may everything take on a busy machine. */
const SLACK = 10;
/** ms by which two clocks may differ. */
const ROUNDING = 1;

/** What is not as it should be, in words. */
export function flawsAtTokenEndpoint(expected: Expected, met: number | undefined, got: AtTokenEndpoint): string[] {
  const { caller, session, asked, status, retryAfter, pause = BACKOFF.initial, life, next } = expected;
  const answered = caller === 200;
  const unheard = session === 'waited for';
  // Of a token request that nothing answers, all that the retries would take.
  const attempts = unheard ? 1 + REFRESH_RETRIES : ATTEMPTS[asked][1];
  const bound = SLACK * (attempts * refreshTimeout(unheard) + REFRESH_RETRIES * BACKOFF.cap);
  const checks: Check[] = [
    ['the caller gets', got.caller, caller],
    ['the session is', got.session, session],
    ['the access token held is', got.holds, answered ? 'the new one' : session === 'over' ? undefined : 'the old one'],
    ['sessions that ended', got.signedOut, session === 'over' ? 1 : 0],
    ['attempts', got.attempts, ATTEMPTS[asked]],
    // Where nothing answers, the caller may know before it has arrived.
    ['ms between two attempts', Math.min(...got.pauses), [pause - ROUNDING, Number.POSITIVE_INFINITY]],
    ['the token endpoint is asked', got.asked, unheard ? [0, 1] : got.attempts],
    ['ms until the caller knows', got.took, [0, bound]],
    ['error.response.status', got.response, answered ? undefined : met],
    ['error.retryAfter', got.retryAfter, retryAfter],
    ['the next refresh presents', got.next, next],
    ['when all is well again, the status is', got.later, session === 'over' ? 401 : 200],
    ['and it was asked again', got.askedLater, unheard ? [1, 10] : answered || session === 'over' ? 0 : 1],
    ['requests to the other origin', got.abroad, 0],
    ['the prototype has come along', got.polluted, false],
  ];
  if (status) checks.push(['error.cause.status', got.status, status]);
  if (answered) checks.push(['seconds to live', got.life, life ? [life - 60, life] : Number.NaN]);
  return checks.filter(isFlaw).map(inWords);
}

/** Beside the answer, which is an axios's without us. */
export function flawsAtResource({ mended }: Row, got: AtResource): string[] {
  const refresh = ['waiting', 'refreshing', 'refreshed', 'replayed'];
  const checks: Check[] = [
    ['refreshes', got.refreshes, mended ? 1 : 0],
    ['events', got.told.sort().join(), mended ? refresh.sort().join() : ''],
    ['the session is', got.state, 'active'],
    ['when all is well again, the status is', got.later, 200],
  ];
  return checks.filter(isFlaw).map(inWords);
}

function isFlaw([, got, wanted]: Check): boolean {
  if (!Array.isArray(wanted)) return !Object.is(got, wanted);
  const [from, to] = wanted as unknown as Range;
  return !(Number(got) >= from && Number(got) <= to);
}

function inWords([what, got, wanted]: Check): string {
  return `${what}: ${got}, where ${Array.isArray(wanted) ? wanted.join('…') : wanted} was expected`;
}
