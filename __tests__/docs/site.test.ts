import { existsSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { anchorOf, hrefOnSite } from '../../docs/.vitepress/links.js';
import { placeOf } from '../../docs/.vitepress/places.js';
import { groups, sidebar } from '../../docs/.vitepress/sidebar.js';
import { pages } from './markdown.js';

const HOME = 'docs/README.md';
const named = groups.flatMap(({ pages }) => pages.map(([, page]) => page));

describe('The sidebar', () => {
  it('has every page of docs/ but the home, and each page once', () => {
    const there = pages().filter((page) => page.startsWith('docs/') && page !== HOME);
    expect(named.filter((page) => page.startsWith('docs/')).sort()).toEqual(there);
    expect(new Set(named).size).toBe(named.length);
  });

  it('has nothing that is not there, or not on the site', () => {
    expect(named.filter((page) => !existsSync(page) || !placeOf(page))).toEqual([]);
    expect(sidebar.flatMap(({ items = [] }) => items)).toHaveLength(named.length);
  });
});

describe('A link of a page, on the site', () => {
  const from = 'docs/guides/cli.md';

  it.each([
    ['nestjs.md', '/guides/nestjs.md'],
    ['../stores.md#how-it-works', '/stores.md#how-it-works'],
    ['../README.md', '/index.md'],
    ['../../README.md#install', '/start.md#install'],
    ['../../CONTRIBUTING.md', '/contributing.md'],
    ['#pitfalls', '#pitfalls'],
    ['https://example.com/a.md', 'https://example.com/a.md'],
  ])('%s leads to %s', (href, expected) => {
    expect(hrefOnSite(from, href, undefined)).toBe(expected);
  });

  it('to a file that is not on the site leads to the repository, or nowhere as long as that is not known', () => {
    const file = '../../examples/cli/tool.ts';
    expect(hrefOnSite(from, file, 'https://git.example/us/it')).toBe(
      'https://git.example/us/it/blob/HEAD/examples/cli/tool.ts',
    );
    expect(hrefOnSite(from, file, undefined)).toBeUndefined();
  });

  it('to what is nowhere is left as it is, so that the build reports it', () => {
    expect(hrefOnSite(from, '../../lib/none.ts', undefined)).toBe('../../lib/none.ts');
    expect(hrefOnSite(from, 'none.md', undefined)).toBe('/guides/none.md');
  });
});

it.each([
  ['Next.js, App Router', 'nextjs-app-router'],
  ['What happens when …', 'what-happens-when-'],
  ['Isn’t it', 'isnt-it'],
])('The anchor of "%s" is the one that GitHub makes', (heading, anchor) => {
  expect(anchorOf(heading)).toBe(anchor);
});
