import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the repository. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Pages beside docs/, and what they are called on the site. Of docs/ every page is there. */
const BESIDE: Record<string, string> = {
  'README.md': 'start.md',
  'CONTRIBUTING.md': 'contributing.md',
  'SECURITY.md': 'security.md',
  'CHANGELOG.md': 'changelog.md',
  'THIRD-PARTY-LICENSES.md': 'licences.md',
  'examples/README.md': 'examples.md',
};

/** Where a page of the repository is on the site; `undefined`: it is not there. */
export function placeOf(page: string): string | undefined {
  if (page === 'docs/README.md') return 'index.md';
  return BESIDE[page] ?? /^docs\/(.+\.md)$/.exec(page)?.[1];
}

/** Where the repository's files can be read; `undefined` as long as package.json does not say. */
export function repositoryUrl(): string | undefined {
  const { repository } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  return repository?.url.replace(/^git\+/, '').replace(/\.git$/, '');
}
