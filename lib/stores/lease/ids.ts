/** Random: no other host gives it, not even one that was started from the same snapshot of memory. */
export function newId(): string {
  const parts = crypto.getRandomValues(new Uint32Array(4));
  return Array.from(parts, (part) => part.toString(36)).join('');
}
