import type { StoreEntry } from '../../stores/store.js';

let written = 0;

/** An entry with tokens of its own, new at each call. */
export function signedIn(version: number, more: Partial<StoreEntry> = {}): StoreEntry {
  const n = written++;
  const token = { accessToken: `at_${n}`, refreshToken: `rt_${n}`, issuedAt: 1_700_000_000_000 + n };
  return { version, id: `id_${n}_${Math.random()}`, session: `session_${n}`, token, ...more };
}

/** A sign-out. */
export function signedOut(version: number, session = 'session'): StoreEntry {
  return { version, id: `id_${written++}_${Math.random()}`, session };
}

/** What is no entry, as a crash, an older version or another program may leave it. */
export const RUBBISH = [
  'not json',
  '{"version":',
  '',
  'null',
  '[]',
  '{}',
  '"text"',
  '42',
  '{"session":"s","generation":9,"token":{"accessToken":"a"}}',
  '{"version":"9","id":"i","session":"s"}',
  '{"version":1e99,"id":"i","session":"s"}',
  '{"version":9,"session":"s"}',
  '{"version":9,"id":"i"}',
];

/** Entries that are not easily kept whole. */
export function awkward(version: number): [kind: string, entry: StoreEntry][] {
  const plain = { accessToken: 'at', issuedAt: 1_700_000_000_000 };
  return [
    ['a token of 64 kB', signedIn(version, { token: { ...plain, accessToken: 'a'.repeat(64 * 1024) } })],
    [
      'a token with quotes and backslashes',
      signedIn(version, { token: { ...plain, accessToken: `a"b\\c'd$1%s|e{}` } }),
    ],
    [
      'text in several scripts',
      signedIn(version, { session: 'Ада ಠ_ಠ 🔑 e\u0301', token: { ...plain, scope: 'läs skriv' } }),
    ],
    [
      'other fields of a token response',
      signedIn(version, {
        token: { ...plain, extra: { id_token: 'e.e.e', roles: ['a', 'b'], none: null, deep: { n: 1.5, yes: true } } },
      }),
    ],
    [
      'times and a scope',
      signedIn(version, { token: { ...plain, refreshToken: 'rt', expiresAt: 1_700_003_600_000.5, scope: 'a b' } }),
    ],
    ['a token without a refresh token', signedIn(version, { token: plain })],
    ['an empty access token, of a session in cookies', signedIn(version, { token: { ...plain, accessToken: '' } })],
    ['a sign-out', signedOut(version, 'session 1')],
  ];
}
