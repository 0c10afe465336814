/**
 * A header of an answer, by its letters: an adapter may answer with names in any case, and axios-case-converter makes
 * `wwwAuthenticate` of `www-authenticate`.
 */
export function readHeader(headers: unknown, name: string): unknown {
  const letters = lettersOf(name);
  return Object.entries(headers ?? {}).find(([key]) => lettersOf(key) === letters)?.[1];
}

function lettersOf(name: string): string {
  return name.replaceAll('-', '').toLowerCase();
}
