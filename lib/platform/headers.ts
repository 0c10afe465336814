/**
 * A header of an answer, by its letters: an adapter may answer with names in any case, and axios-case-converter makes
 * `wwwAuthenticate` of `www-authenticate`. Those of fetch are asked.
 */
export function readHeader(headers: unknown, name: string): unknown {
  const letters = lettersOf(name);
  const found = Object.entries(headers ?? {}).find(([key]) => lettersOf(key) === letters);
  return found ? found[1] : ((headers as Partial<Headers> | undefined)?.get?.(name) ?? undefined);
}

function lettersOf(name: string): string {
  return name.replaceAll('-', '').toLowerCase();
}
