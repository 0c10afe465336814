import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import Table from 'cli-table3';
import type { Bar } from './results.js';

const FLAGS = ['--expose-gc', '--min-semi-space-size=128', '--max-semi-space-size=128'];
const ASKED = { added: 700, revoked: 3_600, expired: 3_600, session: 2_400, refreshed: 3_300 };
const NAMES = {
  added: 'a request, beyond bare axios',
  revoked: 'held by one that waits after a 401',
  expired: 'held by one that waits before its first send',
  session: 'held by a session with tokens',
  refreshed: 'held by a session that has refreshed once',
};

/** In bytes, and under `bare`, `underWay` and `instance` what they are compared with. */
export type Found = typeof ASKED & { bare: number; underWay: number; instance: number };

/** Bytes repeat to within some ten on any machine, whatever else it does. */
export function memory(home: string): Found {
  return JSON.parse(execFileSync(process.execPath, [...FLAGS, join(home, 'bytes.js')], { encoding: 'utf8' }));
}

export function memoryTable(found: Found): string {
  const table = new Table({ head: ['bytes', 'found', 'target', ''], style: { head: [], border: [] } });
  for (const key of Object.keys(ASKED) as (keyof typeof ASKED)[]) {
    const bytes = Math.round(found[key]);
    table.push([NAMES[key], bytes, ASKED[key], bytes <= ASKED[key] ? 'met' : 'missed']);
  }
  return table.toString();
}

export function memoryBars({ bare, underWay, instance, ...found }: Found): Bar[] {
  const bar = (name: string, bytes: number, base: number, of: string): Bar => ({
    name,
    value: bytes / base,
    isOurs: true,
    note: `${inKilobytes(bytes)}, of ${of}: ${inKilobytes(base)}`,
  });
  return [
    bar('axios-bearer: a request', bare + found.added, bare, 'a request on bare axios'),
    bar('… that waits after a 401', found.revoked, underWay, 'one under way on bare axios'),
    bar('… that waits for its first send', found.expired, underWay, 'one under way on bare axios'),
    bar('… a session with tokens', found.session, instance, 'an axios instance'),
    bar('… that has refreshed once', found.refreshed, instance, 'an axios instance'),
  ];
}

function inKilobytes(bytes: number): string {
  return `${(bytes / 1_000).toFixed(1)} kB`;
}
