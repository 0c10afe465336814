import { readFile, writeFile } from 'node:fs/promises';

/** What was tried, with what, and whether it held. */
export interface Row {
  name: string;
  proof: string;
  isOk: boolean;
}

const PAGE = 'docs/platforms.md';
const TABLE = /(\|---\|---\|\n)(?:\|.*\n)*/;

/** Called after a run of all: puts its table into the page. */
export async function writePage(rows: readonly Row[]): Promise<void> {
  const table = rows.map(({ name, proof, isOk }) => `| ${name} | ${isOk ? '' : '**fails**: '}${proof} |\n`).join('');
  const text = await readFile(PAGE, 'utf8');
  await writeFile(
    PAGE,
    text.replace(TABLE, (_, head: string) => head + table),
  );
}
