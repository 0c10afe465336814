import type { KeyValueStorage } from 'axios-bearer';

/** What a request brings and its answer takes home. One cookie for both tokens: one is of no use without the other. */
export function cookiesOf(request: Request, answer: Headers): KeyValueStorage {
  const jar = new URLSearchParams(request.headers.get('cookie')?.replaceAll('; ', '&'));
  const set = (name: string, value: string) => {
    jar.set(name, value);
    const own = `${name}=${value}; Path=/; HttpOnly; Secure; SameSite=Lax${value ? '' : '; Max-Age=0'}`;
    const others = answer.getSetCookie().filter((cookie) => !cookie.startsWith(`${name}=`));
    answer.delete('set-cookie');
    for (const cookie of [...others, own]) answer.append('set-cookie', cookie);
  };
  return {
    getItem: (name) => Buffer.from(jar.get(name) ?? '', 'base64url').toString(),
    // A sign-out is an entry without a token: the browser need not keep it.
    setItem: (name, text) => set(name, JSON.parse(text).token ? Buffer.from(text).toString('base64url') : ''),
  };
}
