import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import Table from 'cli-table3';

const FLAGS = ['--expose-gc', '--min-semi-space-size=128', '--max-semi-space-size=128'];
const ASKED = { added: 700, revoked: 3_600, expired: 3_600, session: 2_400, refreshed: 3_300 };
const NAMES = {
  added: 'a request, beyond bare axios',
  revoked: 'held by one that waits after a 401',
  expired: 'held by one that waits before its first send',
  session: 'held by a session with tokens',
  refreshed: 'held by a session that has refreshed once',
};

/** Bytes repeat to within some ten on any machine, whatever else it does. */
export function memory(home: string): string {
  const out = execFileSync(process.execPath, [...FLAGS, join(home, 'bytes.js')], { encoding: 'utf8' });
  const found = JSON.parse(out) as typeof ASKED;
  const table = new Table({ head: ['bytes', 'found', 'target', ''], style: { head: [], border: [] } });
  for (const key of Object.keys(ASKED) as (keyof typeof ASKED)[]) {
    const bytes = Math.round(found[key]);
    table.push([NAMES[key], bytes, ASKED[key], bytes <= ASKED[key] ? 'met' : 'missed']);
  }
  return table.toString();
}
