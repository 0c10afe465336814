import { describe, expect, it } from '@jest/globals';
import { diagnose } from '../support/docs.js';
import { type Block, readReadme } from '../support/readme.js';
import { FILES, PRELUDES, REFERENCE } from './preludes.js';

const THEIRS = 'node_modules/axios-jwt/README.md';

/** What is wrong by one name, and that name: where it is found, the rest was looked at. */
const WRONG: [page: string, code: string, name: string][] = [
  ...['README.md', ...REFERENCE].map((page): [string, string, string] => [
    page,
    'bearer(api, { sauce: refresh });',
    'sauce',
  ]),
  ['docs/lease.md', "import { leaseStorage } from 'axios-bearer/lease';", 'leaseStorage'],
  ['docs/redis.md', "import { redisStorage } from 'axios-bearer/redis';", 'redisStorage'],
  [
    'docs/migrate-from-axios-auth-refresh.md',
    "import { createAuth } from 'axios-bearer/axios-auth-refresh';",
    'createAuth',
  ],
  ['docs/many-identities.md', "import { sessionsPool } from 'axios-bearer/session-pool';", 'sessionsPool'],
  ['docs/deployments.md', 'await session.end();', 'end'],
  ['docs/devtools.md', "import { mountTimelines } from 'axios-bearer/devtools';", 'mountTimelines'],
  ['docs/serverless.md', "import { sessions } from './sessions.js';", 'sessions'],
  ['docs/migrate-from-axios-jwt.md', "import { applyToken } from 'axios-bearer/axios-jwt';", 'applyToken'],
  ['docs/migrate-from-the-queue-snippet.md', 'bearer(api, { sauce: source });', 'sauce'],
  ['docs/postgres.md', "import { postgresStorage } from 'axios-bearer/postgres';", 'postgresStorage'],
  ['docs/stores.md', "import { fileStorage } from 'axios-bearer/file';", 'fileStorage'],
  ['docs/token-endpoints.md', "refreshToken({ encoding: 'xml' });", 'xml'],
];

// Seconds, on a busy machine: the compiler reads all of axios and of the platform once.
const LONG = 600_000;

describe('The code of a page is correct TypeScript, as strict as ours; what is not is found', () => {
  it.each(WRONG)(
    '%s',
    (page, code, name) => {
      const beside = [FILES[page] ?? '', code].map((code): Block => ({ name: '', lang: 'ts', code, line: Number.NaN }));
      const blocks = [...readReadme(page).blocks, ...beside];
      expect(diagnose(page, blocks, PRELUDES[page])).toEqual([expect.stringContaining(name)]);
    },
    LONG,
  );
});

it(
  'The code of axios-jwt’s own README is correct TypeScript with our entry, but for the import unchanged',
  () => {
    const typed = readReadme(THEIRS).blocks.filter(({ lang }) => lang === 'typescript');
    const blocks = typed.map((one) => ({
      ...one,
      code: one.code.replaceAll("'axios-jwt'", "'axios-bearer/axios-jwt'"),
    }));
    expect(blocks).toHaveLength(3);
    expect(diagnose(THEIRS, blocks, PRELUDES[THEIRS])).toEqual([]);
  },
  LONG,
);
