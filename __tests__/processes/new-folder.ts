import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd } from '../support/kit.js';

/** A folder that goes when the test is over. */
export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'axb-'));
  atEnd(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
