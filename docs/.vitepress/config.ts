import { defineConfig } from 'vitepress';
import { anchorOf, linksAsOnGitHub } from './links.js';
import { placeOf, repositoryUrl } from './places.js';
import { sidebar } from './sidebar.js';

interface Found {
  readonly title?: string;
  /** The headings above it; none: it is the page's own. */
  readonly titles?: readonly string[];
}

/**
 * A page that has the word in its heading goes before one that mentions it. Runs in the reader's browser, so it knows
 * nothing but its arguments.
 */
function headingsFirst(_: string, word: string, { title = '', titles = [] }: Found = {}): number {
  return titles.length === 0 && title.toLowerCase().includes(word) ? 3 : 1;
}

/** `npm run site` builds it into docs/.vitepress/dist. */
export default defineConfig({
  title: 'axios-bearer',
  description: 'Keeps a Bearer token on axios fresh: attach, refresh once, replay.',
  lang: 'en-GB',
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  srcDir: '..',
  srcExclude: ['__tests__/**', 'api/**', 'bench/**', 'coverage/**', 'reports/**', 'scripts/**'],
  rewrites: (page) => placeOf(page) ?? page,
  markdown: {
    // The default ones are too pale to be read by all.
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    anchor: { slugify: anchorOf },
    config: (md) => linksAsOnGitHub(md, repositoryUrl()),
  },
  themeConfig: {
    sidebar,
    outline: [2, 3],
    search: { provider: 'local', options: { miniSearch: { searchOptions: { boostDocument: headingsFirst } } } },
  },
});
