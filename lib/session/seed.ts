import type { Token } from '../token.js';
import { newId } from './ids.js';
import type { Life } from './life.js';

/** Puts a first token into our own store, which can't fail and has no other reader. */
export function plantNow(life: Life, token: Token): void {
  const session = newId();
  const entry = life.store.plant({ session, token });
  life.apply({ is: 'kept', entry, current: life.currentOf(session, token), quiet: true });
}

/** The session lives in httpOnly cookies: it counts as active from the start. */
export function holdCookies(life: Life): void {
  life.cookies = true;
  const { state } = life.holding;
  if (state.is === 'empty' && !life.settings.store && !life.pending) plantNow(life, life.tokenOf(''));
  if (state.is === 'unread' && !state.seed) life.apply({ is: 'seeded', seed: life.tokenOf('') });
}
