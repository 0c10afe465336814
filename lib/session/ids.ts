/** Random; it only tells one entry, session or holder from another, and is no secret. */
export function newId(): string {
  return Math.random().toString(36).slice(2);
}
