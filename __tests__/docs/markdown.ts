import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { anchorOf } from '../../docs/.vitepress/links.js';

const NOT_OURS = new Set(['node_modules', 'dist', 'api', 'coverage', '.git']);
const FENCED = /^ *```[\s\S]*?^ *```$/gm;

/** The text of a page's part, from its heading to the next one of the same level. */
export function sectionOf(page: string, heading: string): string {
  const text = readFileSync(page, 'utf8');
  const [, section] = new RegExp(`^## ${heading}\\n([\\s\\S]*?)(?=^## |(?![\\s\\S]))`, 'm').exec(text) ?? [];
  if (!section) throw new Error(`${page} has no section "${heading}"`);
  return section;
}

/** The cells of each row of the tables in a text, heads and rules left out. */
export function rowsOf(text: string): string[][] {
  const tables = text.match(/^(?:\|.*\n)+/gm) ?? [];
  return tables.flatMap((table) => table.trim().split('\n').slice(2).map(cellsOf));
}

function cellsOf(row: string): string[] {
  return row
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());
}

/** Every page of the repository. */
export function pages(): string[] {
  return filesBelow('.').filter((file) => file.endsWith('.md'));
}

/** Paths with `/`, sorted. */
export function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !NOT_OURS.has(name));
  return entries
    .flatMap((entry) => {
      const path = join(folder, entry.name).replaceAll('\\', '/');
      return entry.isDirectory() ? filesBelow(path) : [path];
    })
    .sort();
}

/** What a page links to; code is left out. */
export function linksOf(page: string): string[] {
  return linksIn(
    readFileSync(page, 'utf8')
      .replace(FENCED, '')
      .replace(/`[^`\n]*`/g, '`code`'),
  );
}

/** The targets in a text, inline or by reference. */
export function linksIn(text: string): string[] {
  const inline = [...text.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)];
  const referenced = [...text.matchAll(/^ {0,3}\[[^\]^]+\]:\s*<?(\S+?)>?(?:\s|$)/gm)];
  return [...inline, ...referenced].map(([, target]) => target!);
}

/** The anchors of a page, as the places that show it make them of its headings. */
export function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  const text = readFileSync(page, 'utf8').replace(FENCED, '');
  for (const [, heading] of text.matchAll(/^#{1,6} +(.+?) *#*$/gm)) {
    const slug = anchorOf(heading!.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1'));
    let anchor = slug;
    for (let n = 1; anchors.has(anchor); n++) anchor = `${slug}-${n}`;
    anchors.add(anchor);
  }
  for (const [, id] of text.matchAll(/<a\s+(?:id|name)="([^"]+)"/g)) anchors.add(id!);
  return anchors;
}
