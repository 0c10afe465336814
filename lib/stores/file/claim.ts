import { assertGoingOn, pause } from '../../platform/deadline.js';
import type { Claim } from '../lock.js';
import type { Lock } from '../store.js';
import type { Life } from './life.js';
import { isName } from './names.js';
import type { NumberedFiles } from './numbered-files.js';
import { isOver, isThere, socketPath } from './socket.js';
import { sweep } from './sweep.js';

// ms between two looks at an owner that can't be called.
const LOOK = 100;

/**
 * The lock of a folder: files of which each names the socket of the one that claimed it, and the highest is the owner's. It
 * is free when nobody listens there, or the owner has ended the calls.
 *
 * @throws what the signal was aborted with
 */
export async function claim(claims: NumberedFiles, life: Life, signal: AbortSignal): Promise<Claim> {
  const reason = { isLock: true };
  const release = () => life.end(reason);
  try {
    const name = await life.begin(reason);
    const n = await take(claims, name, signal);
    await sweep(claims, n).catch(() => {});
    assertGoingOn(signal);
    return { lock: lockOf(claims, n, name), release };
  } catch (error) {
    release();
    throw error;
  }
}

async function take(claims: NumberedFiles, name: string, signal: AbortSignal): Promise<number> {
  for (;;) {
    assertGoingOn(signal);
    const top = await claims.highest();
    const isFree = !top || (await isFreeOf(top.text, name, claims.folder, signal));
    assertGoingOn(signal);
    if (!isFree) await pause(LOOK);
    else if (await claims.add((top?.n ?? 0) + 1, name)) return (top?.n ?? 0) + 1;
  }
}

/** Waits for the owner. What is no name was not written by us. */
async function isFreeOf(owner: string, own: string, folder: string, signal: AbortSignal): Promise<boolean> {
  return owner === own || !isName(owner) || isOver(socketPath(folder, owner), signal);
}

/** It is lost only if somebody removes files that this store lives by. */
function lockOf(claims: NumberedFiles, n: number, name: string): Lock {
  const lost = new AbortController();
  const isHeld = () => {
    if (!isOwner(claims, n, name)) lost.abort();
    return !lost.signal.aborted;
  };
  return { isHeld, signal: lost.signal };
}

function isOwner(claims: NumberedFiles, n: number, name: string): boolean {
  try {
    return claims.isHighest({ n, text: name }) && isThere(socketPath(claims.folder, name));
  } catch {
    return false;
  }
}
