import { describe, expect, it } from '@jest/globals';
import * as core from 'axios-bearer';
import { anchorsOf } from './docs/markdown.js';
import { openPage, REFRESHED } from './support/page.js';
import { namesOf, rowsOf, source } from './support/readme.js';

const LARGEST = 20_000; // bytes: what is read before a choice is made; the rest is in docs/reference

const page = openPage('README.md');

page.itRuns({
  async 'axios-bearer'(name) {
    const saved = page.server.issue();
    page.server.expire();
    await page.run(name, { saved });
    expect(page.wire()).toEqual(REFRESHED);
  },

  async 'Login and logout'(name) {
    const shown: string[] = [];
    page.server.fault('/login', { json: page.server.issue() });
    const given = { email: 'ada@example.com', password: 'lovelace', showLogin: () => shown.push('login') };
    const { session } = (await page.run(name, given)) as { session: core.Session };
    expect(page.wire()).toEqual(['POST /login 200', 'GET /videos 200']);
    expect([session.state, shown]).toEqual([{ status: 'signed-out' }, []]);

    await session.signIn(page.server.issue());
    page.server.expire();
    page.server.revokeRefreshTokens();
    await expect(page.api.get('/videos')).rejects.toMatchObject({ code: 'ERR_BEARER_REJECTED' });
    expect(shown).toEqual(['login']);
  },
});

describe('The README', () => {
  it('is short', () => {
    expect(Buffer.byteLength(page.text.text)).toBeLessThanOrEqual(LARGEST);
  });

  it('lists every heading in its contents, in their order', () => {
    const [, , ...headings] = page.text.sections.map(({ heading }) => heading);
    const listed = [...sectionOf('Contents').matchAll(/^- \[(.+)\]\(#(.+)\)$/gm)];
    expect(listed.map(([, heading]) => heading)).toEqual(headings);
    expect(listed.map(([, , anchor]) => anchor)).toEqual([...anchorsOf('README.md')].slice(2));
  });

  it('has a row for each entry of the package, and no other', () => {
    const { name, exports } = JSON.parse(source('package.json'));
    const entries = Object.keys(exports).filter((entry) => entry !== './package.json');
    const named = rowsOf(page.text, 'Entries of the package').flatMap(([entry = '']) => namesOfEntries(entry));
    expect(named.sort()).toEqual(entries.map((entry) => name + entry.slice(1)).sort());
  });

  it('names functions that their entry has, and of the core all', async () => {
    for (const [entry = '', text = ''] of rowsOf(page.text, 'Entries of the package')) {
      const exported = Object.keys(await import(namesOfEntries(entry)[0] as string));
      const named = namesOf([[text]]).filter((name) => name !== 'axios');
      expect(exported).toEqual(expect.arrayContaining(named));
    }
    const functions = Object.keys(core).filter((name) => name !== 'Session');
    expect(namesOf([[rowsOf(page.text, 'Entries of the package')[0]?.[1] ?? '']]).sort()).toEqual(functions.sort());
  });
});

function namesOfEntries(cell: string): string[] {
  return cell.match(/axios-bearer[^']*/g) ?? [];
}

function sectionOf(heading: string): string {
  return page.text.sections.find((section) => section.heading === heading)?.text ?? '';
}
