import { randomBytes } from 'node:crypto';

/** Called for each thing that needs an unguessable name: `prefix` and 32 characters of visible ASCII. */
export function random(prefix: string): string {
  return prefix + randomBytes(24).toString('base64url');
}
