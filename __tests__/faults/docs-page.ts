import { readFileSync, writeFileSync } from 'node:fs';
import { REFRESH_RETRIES } from './expected.js';
import type { Row } from './faults.js';

/** A row, and what was measured of it. */
export interface Measured {
  row: Row;
  /** At the token endpoint, asked by a function of the app's. */
  own: Cells[];
  oauth2: Cells[];
  /** At the resource, is it as without us? */
  handedOn: boolean;
}

interface Cells {
  caller: string | number | undefined;
  session: string;
  attempts: number;
}

const PAGE = 'docs/faults.md';
export const COMMAND = 'FAULTS_WRITE=1 npm test -- __tests__/faults';

const HEAD = `<!-- Written by the tests: ${COMMAND} -->
# Faults

What the caller gets when something breaks on the way, whether the session is kept, and within how long. Each line was played over real sockets, with axios's \`http\` and \`fetch\` adapters, by [the tests](../__tests__/faults/faults.test.ts) that wrote this page. They fail when a line is no longer true.

## At the token endpoint

The access token has ended, the refresh token is good, and the fault is there for as long as the token endpoint is asked.

- **kept**: nobody has to sign in. The next request succeeds when the token endpoint is well again.
- **over**: somebody has to sign in; the token endpoint is not asked again before that.
- **one attempt**: the first answer ends it.
- **all attempts**: at most \`1 + refreshRetries\` times \`refreshTimeout\`, and the \`backoff\` between them: longer no request waits. When the fault is over by one of them, the caller gets the answer. A token request that is not answered is not repeated meanwhile, as its refresh token may be spent.

A \`Retry-After\` within \`backoff.cap\` is waited for between the attempts. One beyond it is not: the caller gets it at once, as \`retryAfter\`.
`;

const TABLE = `
| fault | the caller gets | the session | within |
|---|---|---|---|
`;

const foot = (mended: string[], handedOn: number) => `
## At the resource

The access token is good, and the fault is there for as long as the resource is asked; the 401 comes once.
${TABLE}| ${mended.join(', ')} | the answer: the token is refreshed, the request sent again | kept | a refresh, and one more send |
| each of the other ${handedOn} | what axios gives without axios-bearer: status, code, message, data | kept, no refresh | what \`timeout\` and \`signal\` of the request say |

## Secrets

In each line of all tables, access token, refresh token and client secret were searched for in what the caller and the listeners got: message, stack, \`cause\`, \`config\`, \`request\` and \`response\` of the error, \`toJSON\`, \`JSON.stringify\`, \`util.inspect\`, events, state, console. None was there, and none came to the other origin. The client secret was not looked for in the connection below a \`request\`: Node keeps the last request there, which may be the refresh call.
`;

/** The page as it was measured. */
export function pageOf(kinds: Record<string, Measured[]>): string {
  const tables = Object.entries(kinds).map(
    ([kind, rows]) => `\n### ${kind}\n${TABLE}${rows.flatMap(linesOf).join('')}`,
  );
  const all = Object.values(kinds).flat();
  const mended = all.filter(({ handedOn }) => !handedOn).map(({ row }) => row.name);
  return [HEAD, ...tables, foot(mended, all.length - mended.length)].join('');
}

function linesOf({ row, own, oauth2 }: Measured): string[] {
  const most = row.slow || ['at most at each attempt', 'once, and no attempt is over'].includes(row.token.asked);
  const least = most ? 1 + REFRESH_RETRIES : 1;
  const [cells, others] = [own, oauth2].map((measured) => cellsOf(measured, least));
  const line = `| ${row.name.replaceAll('|', '\\|')} | ${cells} |\n`;
  return cells === others ? [line] : [line, `| the same, to \`axios-bearer/oauth2\` | ${others} |\n`];
}

function cellsOf(measured: Cells[], least: number): string {
  const callers = measured.map(({ caller }) => (caller === 200 ? 'the answer' : `\`${caller}\``));
  // Its token request goes on, and nobody has to sign in.
  const sessions = measured.map(({ session }) => (session === 'waited for' ? 'kept' : session));
  const attempts = Math.max(least, ...measured.map((each) => each.attempts));
  return [either(callers), either(sessions), attempts > 1 ? 'all attempts' : 'one attempt'].join(' | ');
}

function either(texts: string[]): string {
  return [...new Set(texts)].join(' or ');
}

export const savedPage = () => readFileSync(PAGE, 'utf8');
export const savePage = (text: string) => writeFileSync(PAGE, text);
