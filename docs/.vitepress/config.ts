import { defineConfig } from 'vitepress';
import { anchorOf, linksAsOnGitHub } from './links.js';
import { placeOf, repositoryUrl } from './places.js';
import { sidebar } from './sidebar.js';

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
    anchor: { slugify: anchorOf },
    config: (md) => linksAsOnGitHub(md, repositoryUrl()),
  },
  themeConfig: {
    sidebar,
    outline: [2, 3],
    search: { provider: 'local' },
  },
});
