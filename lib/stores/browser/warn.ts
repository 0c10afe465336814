const told = new Set<string>();

/** What the developer should know of this page, once. */
export function warnOnce(text: string): void {
  if (told.has(text)) return;
  told.add(text);
  console.warn(`axios-bearer: ${text}`);
}
