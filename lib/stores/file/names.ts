import { randomBytes } from 'node:crypto';

/** What the numbered files of the register are called, and those of the lock. */
export const ENTRY = 'entry';
export const LOCK = 'lock';
/** What is written or bound aside, before it gets its name. */
export const TEMPORARY = '.new.';
/** A socket that somebody listens on, or did. */
export const SOCKET = 's.';

/** A random name, which no other process gives. */
export function newName(): string {
  return randomBytes(9).toString('base64url');
}

export function isName(text: unknown): text is string {
  return typeof text === 'string' && /^[\w-]{12}$/.test(text);
}
