import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path/posix';
import { expect, it } from '@jest/globals';
import { anchorsOf, linksOf, pages } from './markdown.js';

/** Why a link leads nowhere; `undefined`: it does lead somewhere, or out of the repository. */
function flawOf(page: string, link: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(link)) return undefined;
  if (link.startsWith('/')) return 'it is absolute: it would lead somewhere else on each site';
  const [path = '', anchor] = link.split('#');
  const target = path ? normalize(join(dirname(page), decodeURIComponent(path))) : page;
  if (target.startsWith('..')) return 'it leads out of the repository';
  if (!existsSync(target)) return `there is no ${target}`;
  if (anchor === undefined) return undefined;
  if (!statSync(target).isFile() || !target.endsWith('.md')) return 'only a page has anchors';
  return anchorsOf(target).has(anchor) ? undefined : `${target} has no heading #${anchor}`;
}

it.each(pages())('%s: every link leads somewhere', (page) => {
  const flaws = linksOf(page).flatMap((link) => {
    const flaw = flawOf(page, link);
    return flaw ? [`${link}: ${flaw}`] : [];
  });
  expect(flaws).toEqual([]);
});

it('every page can be reached from README.md', () => {
  const seen = new Set<string>();
  const visit = (page: string) => {
    if (seen.has(page)) return;
    seen.add(page);
    for (const link of linksOf(page)) {
      const target = normalize(join(dirname(page), link.split('#')[0]!));
      if (target.endsWith('.md') && existsSync(target)) visit(target);
    }
  };
  visit('README.md');
  expect(pages().filter((page) => !seen.has(page))).toEqual([]);
});

it('every command of npm’s that a page names is there', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
  const named = pages().flatMap((page) =>
    [...readFileSync(page, 'utf8').matchAll(/npm (?:run ([\w:-]+)|(test|start)\b)/g)].map(
      ([, script, short]) => script ?? short,
    ),
  );
  expect(named).toContain('docs');
  expect(named.filter((script) => !(script! in scripts))).toEqual([]);
});
