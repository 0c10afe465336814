import { readFileSync, writeFileSync } from 'node:fs';
import { anchorOf } from '../../docs/.vitepress/links.js';
import { ALL, type Service } from './service.js';

/** What was measured of a service. */
export interface Measured {
  service: Service;
  well: { caller: string | number; asked: number };
  situations: { told: string; caller: string | number; session: string; asked: number }[];
}

export const PAGE = 'docs/token-endpoints.md';
export const COMMAND = 'ENDPOINTS_WRITE=1 npm test -- __tests__/token-endpoints';

/** What the code on the page takes for granted. */
const head = (services: number) => `<!-- Written by the tests: ${COMMAND} -->
# Token endpoints

The configuration that ${services} token endpoints want, and what becomes of a session when they refuse, throttle or break. Each block of code was run as it stands (but for the host) against a real server that checks the request as the service's documentation has it, and answers as that says; [the tests](../__tests__/token-endpoints/token-endpoints.test.ts) that wrote this page fail when a line is no longer true. The services themselves were not asked: what they answer may change.

\`refreshToken\` and \`clientCredentials\` are from \`axios-bearer/oauth2\`, \`apiVideo\` is from \`axios-bearer/api-video\`, and the rest from \`axios-bearer\`. \`api\` is your axios instance, with the \`baseURL\` of the API, and \`saved\` what the login has brought.

In the tables the access token is over, and the endpoint answers so for as long as it is asked.

- **kept**: nobody has to sign in. The next request succeeds when the endpoint is well again.
- **over**: somebody has to sign in; the endpoint is not asked again before that.
- **asks again**: a service, which nobody signs in, asks again by itself, no sooner than \`backoff.cap\`.
- **asked**: so many times until the caller knows. ${ALL} is \`1 + refreshRetries\`. A refusal in words of the endpoint's own is known by its staying the same, so it takes all attempts; an OAuth error takes one.

| service | by | a dead refresh token, or another secret |
|---|---|---|
`;

/** The page as it was measured. */
export function pageOf(kinds: Record<string, Measured[]>): string {
  const all = Object.values(kinds).flat();
  const rows = all.map(({ service, situations: [first] }) => {
    const { name, code } = service;
    return `| [${name}](#${anchorOf(name)}) | ${sourceIn(code)} | ${first?.told} |\n`;
  });
  const parts = Object.entries(kinds).map(([kind, services]) => `\n## ${kind}\n${services.map(sectionOf).join('')}`);
  return head(all.length) + rows.join('') + parts.join('');
}

function sectionOf({ service: { name, code, notes, path, rotates }, well, situations }: Measured): string {
  const brings = rotates ? 'all is well: new tokens' : 'all is well: a new access token';
  const first = path ? [`| ${brings} | the answer | kept | ${well.asked} |\n`] : [];
  const rows = situations.map(
    ({ told, caller, session, asked }) => `| ${told} | ${callerOf(caller)} | ${session} | ${asked} |\n`,
  );
  const told = notes.map((note) => `- ${note}\n`);
  return `
### ${name}

\`\`\`ts
${code}
\`\`\`

| the endpoint answers | the caller gets | the session | asked |
|---|---|---|---|
${[...first, ...rows].join('')}${told.length > 0 ? `\n${told.join('')}` : ''}`;
}

function callerOf(caller: string | number): string {
  if (caller === 200) return 'the answer';
  return typeof caller === 'number' ? `the ${caller}` : `\`${caller}\``;
}

function sourceIn(code: string): string {
  const [name] = /\b(refreshToken|clientCredentials|apiVideo|staticToken)(?=\()/.exec(code) ?? [];
  return name ? `\`${name}\`` : 'a function';
}

export const savedPage = () => readFileSync(PAGE, 'utf8');
export const savePage = (text: string) => writeFileSync(PAGE, text);
