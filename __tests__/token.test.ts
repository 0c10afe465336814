import { describe, expect, it } from '@jest/globals';
import { claimsOf } from '../lib/expiry.js';
import { dueAt, isLive, isNothing, readToken, type Token, type TokenResponse } from '../lib/token.js';

const NOW = 1_000_000;
const HOUR = 3_600_000;
const MINUTE = 60_000;

type How = Omit<Parameters<typeof readToken>[1], 'now'>;
const read = (answer: unknown, how: How = {}) => readToken(answer as TokenResponse, { now: NOW, ...how });
const refused = (answer: unknown, how?: How) => {
  try {
    return read(answer, how);
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code}: ${message}`;
  }
};
const encoded = (claims: unknown) => Buffer.from(JSON.stringify(claims)).toString('base64url');
const jwt = (claims: unknown) => `head.${encoded(claims)}.signature`;

describe('an answer', () => {
  it.each([
    ['as RFC 6749 has it', { access_token: 'a', refresh_token: 'r', expires_in: 60, scope: 'x y' }],
    ['in camelCase', { accessToken: 'a', refreshToken: 'r', expiresIn: 60, scope: 'x y' }],
    [
      'in both, the former first',
      {
        access_token: 'a',
        accessToken: 'b',
        refresh_token: 'r',
        refreshToken: 's',
        expires_in: 60,
        expiresIn: 9,
        scope: 'x y',
      },
    ],
  ])('is read %s', (_, answer) => {
    expect(read(answer)).toEqual({
      accessToken: 'a',
      refreshToken: 'r',
      issuedAt: NOW,
      expiresAt: NOW + MINUTE,
      scope: 'x y',
    });
  });

  it('may be a bare token, and then says nothing else', () => {
    expect(read('a')).toEqual({ accessToken: 'a', issuedAt: NOW });
    expect(read('YQ==').accessToken).toBe('YQ==');
    expect(read('x'.repeat(65_536)).accessToken).toHaveLength(65_536);
    expect(read('1|a"<{[')).toEqual({ accessToken: '1|a"<{[', issuedAt: NOW });
  });

  it('keeps of the token before what it leaves out, but for its times', () => {
    const previous: Token = { accessToken: 'old', refreshToken: 'r', issuedAt: 1, expiresAt: 2, scope: 'x' };
    expect(read('a', { previous })).toEqual({ accessToken: 'a', refreshToken: 'r', issuedAt: NOW, scope: 'x' });
    for (const nothing of [null, '', undefined]) {
      expect(read({ accessToken: 'a', refreshToken: nothing }, { previous }).refreshToken).toBe('r');
    }
    expect(read({ access_token: 'a', refresh_token: 's', scope: 'y' }, { previous })).toMatchObject({
      refreshToken: 's',
      scope: 'y',
    });
    expect(read({ access_token: 'a', scope: 7 }, { previous }).scope).toBe('x');
    expect(read({ access_token: 'a', scope: '' }, { previous }).scope).toBe('');
  });

  it('may be empty where the session lives in cookies, and only there', () => {
    for (const answer of [undefined, null, '', {}, { accessToken: '' }]) {
      expect(read(answer, { cookies: true })).toEqual({ accessToken: '', issuedAt: NOW });
      expect(refused(answer)).toMatch(/^ERR_BEARER_TOKEN: /);
    }
    // The body of a refresh route that answers no more than that it is done.
    expect(read('OK', { cookies: true })).toEqual({ accessToken: '', issuedAt: NOW });
    expect(read({ access_token: 'a' }, { cookies: true })).toEqual({ accessToken: 'a', issuedAt: NOW });
    expect(refused({ access_token: 'a b' }, { cookies: true })).toMatch(/^ERR_BEARER_TOKEN: /);
  });

  it.each([
    [{}, 'access token', 'undefined'],
    [null, 'access token', 'undefined'],
    [{ access_token: 7 }, 'access token', 'number'],
    ['', 'access token', 'an empty string'],
    ['two words', 'access token', 'other characters'],
    ['line\n', 'access token', 'other characters'],
    ['\nline', 'access token', 'other characters'],
    ['ä', 'access token', 'other characters'],
    ['{"access_token":"a', 'access token', 'undefined'],
    ['[1', 'access token', 'undefined'],
    ['"a"', 'access token', 'undefined'],
    ['<html>', 'access token', 'undefined'],
    ['access_token=a', 'access token', 'undefined'],
    ['access_token=a&expires_in=60', 'access token', 'undefined'],
    ['a=&b=', 'access token', 'undefined'],
    [{ access_token: 'a', refresh_token: 'two words' }, 'refresh token', 'other characters'],
    [{ access_token: 'a', refresh_token: true }, 'refresh token', 'boolean'],
  ])('%j is refused with what was expected and what came, and no more', (answer, what, got) => {
    expect(refused(answer)).toBe(
      'ERR_BEARER_TOKEN: The source must answer with { access_token, refresh_token?, expires_in? } or a bare token. ' +
        `Expected the ${what} to be at most 65536 visible ASCII characters, got ${got}`,
    );
  });
});

it('a token that no header takes is refused by its length, any other by its characters', () => {
  expect(refused('x'.repeat(65_537))).toMatch(/got 65537 of them$/);
  expect(refused('ä'.repeat(65_536))).toMatch(/got other characters$/);
});

describe('what else is in it', () => {
  it('L11 is kept as far as a store can hold it', () => {
    const cyclic: Record<string, unknown> = { name: 'Ada' };
    cyclic.self = cyclic;
    const lazy = Object.defineProperty({ access_token: 'a', user: { name: 'Ada' } }, 'lazy', {
      enumerable: true,
      get() {
        throw new Error('lazy');
      },
    });
    const odd = { cyclic, id: 10n, claims() {}, nothing: undefined, symbol: Symbol('x') };
    expect(read(Object.assign(lazy, odd)).extra).toEqual({ user: { name: 'Ada' } });
    expect(read({ access_token: 'a', extra: { id: 10n, user: 'Ada' } }).extra).toEqual({ user: 'Ada' });
  });

  it('is a copy: what its sender does to it later changes nothing, and nobody can change it', () => {
    const user = { name: 'Ada' };
    const token = read({ access_token: 'a', user });
    user.name = 'Bob';
    expect(token.extra).toEqual({ user: { name: 'Ada' } });
    expect([Object.isFrozen(token), Object.isFrozen(token.extra)]).toEqual([true, true]);
  });

  it('is kept in `extra`, and by a refresh that leaves it out', () => {
    const first = read({ access_token: 'a', token_type: 'bearer', id_token: 'i', instance_url: 'u' });
    expect(first.extra).toEqual({ id_token: 'i', instance_url: 'u' });
    expect(read({ access_token: 'b', id_token: 'j' }, { previous: first }).extra).toEqual({
      id_token: 'j',
      instance_url: 'u',
    });
    expect(read({ access_token: 'b' }, { previous: first }).extra).toEqual(first.extra);
    expect(read(first, { handedIn: true })).toEqual(first);
    expect('extra' in read({ access_token: 'a', expires_in: 60 })).toBe(false);
    expect('extra' in read({ access_token: 'a', extra: 'text' } as TokenResponse)).toBe(false);
  });
});

describe('tokens that are handed in', () => {
  it('may be a refresh token alone: it is used before the first request', () => {
    for (const tokens of [
      { refresh_token: 'r' },
      { refreshToken: 'r', accessToken: null },
      { access_token: '', refresh_token: 'r' },
    ]) {
      expect(read(tokens, { handedIn: true })).toEqual({
        accessToken: '',
        refreshToken: 'r',
        issuedAt: NOW,
        expiresAt: NOW,
      });
      expect(isNothing(tokens)).toBe(false);
    }
    expect(refused({ refresh_token: 'r' })).toMatch(/^ERR_BEARER_TOKEN/);
  });

  it.each([undefined, null, '', {}, { access_token: null }, { accessToken: '', refreshToken: null, expiresAt: 0 }])(
    'may say that nobody is signed in: %j',
    (tokens) => {
      expect(isNothing(tokens)).toBe(true);
    },
  );

  it.each(['a', [], { token: 'a' }, { access_token: 7 }, { accessToken: 'a' }])('may not: %j', (tokens) => {
    expect(isNothing(tokens as TokenResponse)).toBe(false);
  });
});

describe('when it expires', () => {
  const life = (fields: object, how?: How) => {
    const { expiresAt } = read({ access_token: 'a', ...fields }, how);
    return expiresAt === undefined ? undefined : expiresAt - NOW;
  };
  const handedIn = { handedIn: true };

  it.each([
    [3600, HOUR],
    ['3600', HOUR],
    [0.5, 1_000],
    [1, 1_000],
    [1.5, 1_500],
    [0, undefined],
    [-1, undefined],
    ['', undefined],
    [' ', undefined],
    ['soon', undefined],
    [Number.NaN, undefined],
    [Number.POSITIVE_INFINITY, undefined],
    [true, undefined],
    [null, undefined],
    [[60], undefined],
  ])('an answer says with expires_in %j', (expires_in, ms) => {
    expect(life({ expires_in })).toBe(ms);
  });

  it('tokens that are handed in may have expired already, or live but for a moment', () => {
    expect(life({ expires_in: -5 }, handedIn)).toBe(-5_000);
    expect(life({ expires_in: 0 }, handedIn)).toBe(0);
    expect(life({ expires_in: ' ' }, handedIn)).toBeUndefined();
    expect(life({ expires_in: 0.5 }, handedIn)).toBe(500);
    expect(life({ expiresAt: NOW - 1 }, handedIn)).toBe(-1);
    expect(life({ expiresAt: new Date(NOW + 5) }, handedIn)).toBe(5);
    expect(life({ expiresAt: new Date('nonsense') }, handedIn)).toBeUndefined();
  });

  it('tokens that are handed in say when they were issued, and expires_in counts from there', () => {
    const issuedAt = NOW - MINUTE;
    expect(read({ accessToken: 'a', issuedAt, expiresIn: 90 }, handedIn)).toEqual({
      accessToken: 'a',
      issuedAt,
      expiresAt: NOW + MINUTE / 2,
    });
    expect(read({ accessToken: 'a', issuedAt, expiresAt: NOW + 1 }, handedIn)).toMatchObject({ expiresAt: NOW + 1 });
    expect(read({ accessToken: 'a', issuedAt: 'nonsense' }, handedIn).issuedAt).toBe(NOW);
    expect(read({ accessToken: 'a', issuedAt, expiresIn: 90 })).toMatchObject({
      issuedAt: NOW,
      expiresAt: NOW + 90_000,
    });
  });

  it.each([
    ['expires_at', (NOW + HOUR) / 1_000],
    ['expires_at', String((NOW + HOUR) / 1_000)],
    ['expires_at', new Date(NOW + HOUR).toISOString()],
    ['expires_on', String((NOW + HOUR) / 1_000)],
    ['expiresAt', NOW + HOUR],
    ['expiresAt', new Date(NOW + HOUR).toISOString()],
  ])('other libraries say it in %s: %p', (name, value) => {
    expect([life({ [name]: value }), life({ [name]: value }, handedIn)]).toEqual([HOUR, HOUR]);
  });

  it('a number is told apart: seconds, or ms', () => {
    const now = Date.UTC(2026, 10, 26);
    const end = now + HOUR;
    for (const fields of [
      { expiry_date: end },
      { expires_at: end },
      { expires_at: end / 1_000 },
      { expires_on: String(end / 1_000) },
    ])
      expect(readToken({ access_token: 'a', ...fields }, { now }).expiresAt).toBe(end);
  });

  it('a time may be a bigint, as databases have it', () => {
    expect(life({ expires_at: BigInt((NOW + HOUR) / 1_000) }, handedIn)).toBe(HOUR);
  });

  it('a clock that says nothing, as a mocked one, makes no end', () => {
    for (const now of [Number.NaN, undefined as never])
      expect(readToken({ access_token: 'a', expires_in: 60 }, { now }).expiresAt).toBeUndefined();
  });

  it('what can’t be read as a time says nothing', () => {
    for (const value of ['soon', '', null, {}, true]) expect(life({ expires_at: value }, handedIn)).toBeUndefined();
  });

  it('a JWT that comes with a login lives as long as it says, though our clock has it over', () => {
    const seconds = (ms: number) => Math.floor((NOW + ms) / 1_000);
    const access_token = `e30.${btoa(JSON.stringify({ iat: seconds(-2 * HOUR), exp: seconds(-HOUR) }))}.s`;
    const login = { handedIn: true, isLogin: true };
    expect(life({ access_token }, login)).toBe(HOUR);
    // With a refresh token, our clock is believed: that costs a refresh at most.
    expect(life({ access_token, refresh_token: 'r' }, login)).toBeLessThan(0);
    expect(life({ access_token }, handedIn)).toBeLessThan(0);
    const nearlyOver = jwt({ iat: seconds(MINUTE / 2 - HOUR), exp: seconds(MINUTE / 2) });
    expect(life({ access_token: nearlyOver }, login)).toBe(HOUR);
    expect(life({ access_token: nearlyOver, expires_in: 9 }, login)).toBe(9_000);
    expect(life({ access_token: nearlyOver }, handedIn)).toBe(MINUTE / 2);
  });

  it('a login whose tokens tell nothing but an end is good till a 401, though our clock has it over, or nearly', () => {
    const login = { handedIn: true, isLogin: true };
    for (const expiresAt of [NOW - HOUR, NOW, NOW + MINUTE - 1]) expect(life({ expiresAt }, login)).toBeUndefined();
    expect(life({ expiresAt: NOW + MINUTE }, login)).toBe(MINUTE);
    expect(life({ expiresAt: NOW - HOUR, refreshToken: 'r' }, login)).toBe(-HOUR);
    expect(life({ expiresAt: NOW - HOUR }, handedIn)).toBe(-HOUR);
  });

  it('an answer may say it by the clock', () => {
    expect(life({ expiresAt: NOW + HOUR })).toBe(HOUR);
    expect(life({ expiresAt: NOW + MINUTE })).toBe(MINUTE);
    // Sooner than in a minute? Then one of the clocks is wrong.
    for (const end of [NOW + MINUTE - 1, NOW, NOW - 1]) expect(life({ expiresAt: end })).toBeUndefined();
    expect(life({ expiresAt: NOW + HOUR, expires_in: 60 })).toBe(MINUTE);
  });

  it('a JWT says how long it lives, where nothing beside it does', () => {
    const off = 86_400;
    const access_token = jwt({ iat: off, exp: off + 60 });
    expect(life({ access_token })).toBe(MINUTE);
    expect(life({ access_token, expires_in: 5 })).toBe(5_000);
    expect(life({ access_token, expires_in: null, expiresAt: NOW + HOUR })).toBe(HOUR);
    expect(life({ access_token, expiresAt: NOW + 7_000 })).toBe(MINUTE);
    expect(life({ access_token, expiresAt: 'nonsense' })).toBe(MINUTE);
    expect(life({ access_token }, handedIn)).toBe((off + 60) * 1_000 - NOW);
    expect(life({ access_token: jwt({ exp: NOW / 1_000 + 60 }) })).toBe(MINUTE);
    expect(life({ access_token: jwt({ iat: 5 }) })).toBeUndefined();
    expect(life({ access_token: jwt({ iat: 5, exp: 5 }) })).toBeUndefined();
  });
});

describe('what a JWT says of itself', () => {
  it('is read in base64url', () => {
    const claims = { sub: '???>>>~~~', exp: 5 };
    expect(encoded(claims)).toMatch(/[-_].*[-_]/);
    expect(claimsOf(jwt(claims))).toEqual(claims);
    expect(claimsOf(`head.${encoded(claims)}`)).toEqual(claims);
  });

  it.each([undefined, '', 'opaque', 'a.b.c', 'a.%.c', `a.${btoa('{')}.c`])('is nothing where %j is none', (token) => {
    expect(claimsOf(token)).toEqual({});
  });

  it('is nothing where it is no object', () => {
    expect(claimsOf(jwt(null))).toEqual({});
    expect(Number(claimsOf(jwt(7)))).toBe(7);
  });
});

describe('when a refresh is due', () => {
  const token = (life: number): Token => ({ accessToken: 'a', issuedAt: NOW, expiresAt: NOW + life });

  it('is a fifth of its life ahead, five minutes at most', () => {
    expect(dueAt(token(10 * MINUTE))).toBe(NOW + 8 * MINUTE);
    expect(dueAt(token(10 * HOUR))).toBe(NOW + 10 * HOUR - 5 * MINUTE);
  });

  it('is the leeway ahead, half its life at most', () => {
    expect(dueAt(token(HOUR), 7 * MINUTE)).toBe(NOW + HOUR - 7 * MINUTE);
    expect(dueAt(token(HOUR), 40 * MINUTE)).toBe(NOW + HOUR / 2);
    expect(dueAt(token(HOUR), 0)).toBe(NOW + HOUR);
  });

  it('is at its end where it has no life, and never where none is known', () => {
    expect(dueAt(token(-HOUR))).toBe(NOW - HOUR);
    expect(dueAt(token(-HOUR), MINUTE)).toBe(NOW - HOUR);
    expect(dueAt({ accessToken: 'a', issuedAt: NOW })).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('whether it is live', () => {
  const token: Token = { accessToken: 'a', issuedAt: NOW, expiresAt: NOW + 1_000 };

  it('ends with its time', () => {
    expect(isLive(token, NOW + 999)).toBe(true);
    expect(isLive(token, NOW + 1_000)).toBe(false);
    expect(isLive({ accessToken: 'a', issuedAt: NOW }, Number.MAX_VALUE, HOUR)).toBe(true);
  });

  it('is asked for some ms to come, of which nine tenths of its life count', () => {
    expect(isLive(token, NOW + 499, 500)).toBe(true);
    expect(isLive(token, NOW + 500, 500)).toBe(false);
    expect(isLive(token, NOW + 99, HOUR)).toBe(true);
    expect(isLive(token, NOW + 100, HOUR)).toBe(false);
    expect(isLive({ ...token, expiresAt: NOW - 10 }, NOW - 11, HOUR)).toBe(true);
  });
});

describe('a saved answer, with `expires_in` and all', () => {
  const jwt = `h.${btoa(JSON.stringify({ iat: 1_000, exp: 4_600 }))}.s`;
  const now = 5_000_000;

  it.each<[string, object, number]>([
    ['expires_at', { access_token: 'a', expires_in: 3600, expires_at: 4_600 }, 4_600_000],
    ['expires_on', { access_token: 'a', expires_in: '3600', expires_on: '4600' }, 4_600_000],
    ['a JWT', { access_token: jwt, expires_in: 3600 }, 4_600_000],
  ])('ends when it says, not a life from now: %s', (_, saved, end) => {
    expect(readToken(saved, { now, handedIn: true }).expiresAt).toBe(end);
  });

  it('counts from now if it is a login, or just answered', () => {
    const fresh = { access_token: 'a', expires_in: 3600, expires_at: 4_600 };
    expect(readToken(fresh, { now, handedIn: true, isLogin: true }).expiresAt).toBe(now + 3_600_000);
    expect(readToken(fresh, { now }).expiresAt).toBe(now + 3_600_000);
  });
});
