import { bearerError } from '../errors.js';
import { atMost, keepingAlive, withDeadline } from '../platform/deadline.js';
import type { Token, TokenResponse } from '../token.js';
import { updateSteps } from './attempt.js';
import type { Current } from './current.js';
import { errorOf, storeFailure } from './failure.js';
import { newId } from './ids.js';
import type { Lifecycle } from './lifecycle.js';
import type { Pending } from './pending.js';
import { overtaken, readAgainSteps, signInSteps, signOutSteps } from './register.js';
import { renew, signInOnce } from './renewal.js';
import { run } from './run.js';
import type { SharedPromise } from './shared-promise.js';
import { perform, revoke, underLock } from './steps.js';

// After `close()` a token request under way, and the write of what it brings, may take so many times `refreshTimeout`.
const LONGEST_END = 5;

const USED_UP = 'The refresh token was used up before signOut(): call signIn() with tokens of a new login';

const USED_BY_ANOTHER =
  'The refresh token was used up, and another user is signed in by now: call signIn() with tokens of a new login';

type Shared = SharedPromise<Current | undefined>;

/** A sign-in with tokens of a login. @throws ERR_BEARER_IDENTITY when another sign-in takes its place */
export async function signInWith(life: Lifecycle, token: Token, tokens: TokenResponse): Promise<Current> {
  const { pending } = life;
  const given = nameOf(token, tokens);
  // As where React's StrictMode runs an effect twice: that is one sign-in.
  const isSame = given !== undefined && pending?.given === given;
  const { shared, identity } = isSame ? pending : startSignIn(life, token, given);
  await shared.join();
  return ofSame(life, identity);
}

/** By which the same tokens are known again; `undefined`: they rest in cookies, or can't be named. */
function nameOf({ accessToken }: Token, tokens: TokenResponse): string | undefined {
  try {
    return accessToken ? JSON.stringify(tokens) : undefined;
  } catch {
    return undefined;
  }
}

function startSignIn(life: Lifecycle, token: Token, given: string | undefined): Pending {
  const session = newId();
  // What the app's own function thinks of the tokens must be known before they are stored.
  const identity = life.parts.identityOf({ session, token });
  const wish = ++life.wishes;
  const wanted = () => life.wishes === wish;
  life.parts.outage.reset();
  const work = async () => {
    await inTime(life, (signal) => run(signInSteps(session, token), perform(life, { wanted, signal })));
    return life.current;
  };
  return life.start('signIn', work, { identity, given });
}

/** A sign-in that asks the source, once for all that want it. */
export function signInByAsking(life: Lifecycle): Shared {
  const { pending } = life;
  if (pending?.kind === 'signIn' && pending.identity === undefined) return pending.shared;
  life.wishes++;
  life.parts.outage.reset();
  return life.start('signIn', (mine) => renew(life, mine, signInOnce)).shared;
}

/**
 * A sign-in with a refresh token that was spent, or is being presented: an app that signs in with its saved tokens twice.
 * What it has become is in the store.
 *
 * @throws ERR_BEARER_SIGNED_OUT when nobody is signed in there, ERR_BEARER_IDENTITY when another user is
 */
export async function signInAgain(life: Lifecycle, token: Token, tokens: TokenResponse): Promise<Current> {
  await life.parts.running.idle();
  const spent = life.parts.refreshTokens.spentBy(token.refreshToken as string);
  if (!spent) return signInWith(life, token, tokens);
  if (!life.current) await inTime(life, () => run(readAgainSteps(), perform(life)));
  if (!life.current) throw bearerError('ERR_BEARER_SIGNED_OUT', USED_UP);
  const isSame = life.parts.identityOf(life.current) === life.parts.identityOf({ session: spent.session, token });
  if (!isSame) throw bearerError('ERR_BEARER_IDENTITY', USED_BY_ANOTHER);
  return life.current;
}

/** @throws ERR_BEARER_STORE when the sign-out could not be stored; signed out here all the same */
export async function signOutOf(life: Lifecycle): Promise<void> {
  const { state } = life.holding;
  if (state.is === 'closed') return;
  const wish = ++life.wishes;
  const token =
    state.is === 'active'
      ? (state.unsaved?.token ?? state.current.token)
      : state.is === 'unread'
        ? state.seed
        : undefined;
  // With nobody signed in, the session that ended last: a sign-in of it may still be under way.
  const session = life.current?.session ?? life.holding.stored?.session ?? newId();
  const wanted = () => life.wishes === wish;
  // The write begins before listeners run: one of them may call signIn(), which must get a higher version.
  const written = inTime(life, (signal) => run(signOutSteps(session), perform(life, { wanted, signal })));
  life.apply({ is: 'signOut' });
  const revoked = token && revoke(life, token, true);
  await written.finally(() => revoked);
}

/** Resolves when what is under way under the lock is stored or given up. */
export async function closeOf(life: Lifecycle): Promise<void> {
  life.close();
  await atMost(life.settings.refreshTimeout * LONGEST_END, () => life.parts.running.idle());
}

/** Newer tokens of the same user: in use at once, then written under the lock. @throws ERR_BEARER_IDENTITY, ERR_BEARER_STORE */
export async function updateWith(life: Lifecycle, tokens: TokenResponse): Promise<Token> {
  await life.reading?.done();
  const { state } = life.holding;
  if (state.is !== 'active') throw life.signedOutError();
  const { current, unsaved } = state;
  const own = Boolean(life.tokenOf(tokens).refreshToken);
  const token = life.tokenOf(tokens, unsaved?.token ?? current.token, true);
  const next = life.currentOf(current.session, token);
  if (life.parts.identityOf(next) !== life.parts.identityOf(current)) {
    throw bearerError(
      'ERR_BEARER_IDENTITY',
      'update() takes newer tokens of the same user: call signIn() for another one',
    );
  }
  life.apply({
    is: 'updated',
    current: next,
    unsaved: { token, presented: unsaved?.presented ?? current.token.refreshToken },
  });
  try {
    const written = underLock(life, updateSteps(current.session, token, own), { waitMs: life.bound });
    await keepingAlive(life.parts.running.track(written));
  } catch (failure) {
    throw errorOf(failure);
  }
  return ofSame(life, life.parts.identityOf(next)).token;
}

/** @throws ERR_BEARER_SIGNED_OUT; ERR_BEARER_IDENTITY when another user is signed in by now */
function ofSame(life: Lifecycle, identity: string | undefined): Current {
  const { current } = life;
  if (!current) throw life.signedOutError();
  if (life.parts.identityOf(current) !== identity) throw overtaken();
  return current;
}

async function inTime<T>(life: Lifecycle, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const ms = life.settings.refreshTimeout;
  const late = () => storeFailure(new Error(`The token store did not answer within ${ms} ms`));
  try {
    return await withDeadline(task, { ms, late, keepsAlive: true });
  } catch (failure) {
    throw errorOf(failure);
  }
}
