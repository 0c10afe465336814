import { existsSync } from 'node:fs';
import { join, posix, relative } from 'node:path';
import type { MarkdownRenderer } from 'vitepress';
import { placeOf, ROOT } from './places.js';

type Tokens = ReturnType<MarkdownRenderer['parse']>;
type Token = Tokens[number];

/** Pages link to each other, and to files beside them, as on GitHub: here each link is turned to where that is on the site. */
export function linksAsOnGitHub(md: MarkdownRenderer, repository: string | undefined): void {
  md.core.ruler.push('links-as-on-github', ({ tokens, env }) => {
    const page = relative(ROOT, env.realPath ?? env.path).replaceAll('\\', '/');
    for (const { children } of tokens) turnLinks(page, children ?? [], repository);
  });
}

function turnLinks(page: string, tokens: Token[], repository: string | undefined): void {
  const openings = tokens.flatMap((token, i) => (token.type === 'link_open' ? [i] : []));
  for (const i of openings) {
    const href = hrefOnSite(page, tokens[i]!.attrGet('href') ?? '', repository);
    if (href !== undefined) tokens[i]!.attrSet('href', href);
    else unlink(tokens, i);
  }
}

/** @returns `undefined` where it leads to a file that is not on the site, nor anywhere else that is known */
export function hrefOnSite(page: string, href: string, repository: string | undefined): string | undefined {
  if (href.startsWith('#') || /^[a-z][a-z0-9+.-]*:/i.test(href)) return href;
  const [path = '', anchor] = href.split('#');
  const target = posix.join(posix.dirname(page), decodeURI(path));
  const place = placeOf(target);
  if (place) return `/${place}${anchor === undefined ? '' : `#${anchor}`}`;
  // What is nowhere stays as it is: VitePress reports it.
  if (!existsSync(join(ROOT, target))) return href;
  return repository && `${repository}/blob/HEAD/${target}`;
}

/** Leaves the text. */
function unlink(tokens: Token[], opening: number): void {
  const closing = tokens.findIndex(({ type }, i) => i > opening && type === 'link_close');
  tokens[opening]!.attrs = null;
  for (const i of [opening, closing]) tokens[i]!.tag = 'span';
}

/** The anchor of a heading, as GitHub makes it. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-');
}
