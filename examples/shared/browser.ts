type Send = (request: Request) => Promise<Response>;

/** What a browser does with cookies. `send`: fetch, or whatever takes a Request and gives a Response. */
export function browser(origin: string, send: Send = fetch) {
  const cookies = new Map<string, string>();

  /** With a body it is a POST. @returns what the user reads */
  async function visit(path: string, body?: object): Promise<string> {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
    const headers = { cookie, 'content-type': 'application/json' };
    const post = body && { method: 'POST', body: JSON.stringify(body) };
    const answer = await send(new Request(`${origin}${path}`, { headers, ...post }));
    for (const line of answer.headers.getSetCookie()) keep(line);
    const html = await answer.text();
    return html.replace(/<[^>]*>/g, '');
  }

  function keep(line: string): void {
    const [, name = '', value = ''] = /^([^=]*)=([^;]*)/.exec(line) ?? [];
    if (/Max-Age=0|Expires=Thu, 01 Jan 1970/.test(line)) cookies.delete(name);
    else cookies.set(name, value);
  }

  return { cookies, visit };
}
