import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { LogEntry, Stats } from 'axios-bearer/testing';
import type { ClientName, LeverState, Logs } from '../../playground/protocol.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface Playground {
  readonly url: string;
  /** What has reached the API of a client so far. */
  log(client: ClientName): Promise<readonly LogEntry[]>;
  /** How the levers stand, by the server. */
  levers(): Promise<LeverState>;
  /** What that API has counted. */
  stats(client: ClientName): Promise<Stats>;
  /** Resolves when it has no request any more. */
  idle(client: ClientName): Promise<void>;
  close(): void;
}

/** The playground as `npm run playground` starts it. */
export async function startPlayground(): Promise<Playground> {
  const child = spawn('node', ['--import', 'tsx', 'playground/index.ts'], { cwd: ROOT });
  const url = await address(child);
  const get = async <T>(path: string) => (await (await fetch(url + path)).json()) as T;
  const levers = () => get<LeverState>('/levers');
  const stats = async (client: ClientName) => (await levers()).stats[client];
  return {
    url,
    log: async (client) => (await get<Logs>('/log'))[client],
    levers,
    stats,
    async idle(client) {
      while ((await stats(client)).inFlight > 0) await new Promise((resolve) => setTimeout(resolve, 50));
    },
    close: () => void child.kill(),
  };
}

function address({ stdout, stderr }: ChildProcessWithoutNullStreams): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    stderr.on('data', (text) => {
      said += text;
    });
    stderr.on('close', () => reject(new Error(`The playground has ended: ${said}`)));
    stdout.on('data', (text) => {
      const [url] = /http:\S+/.exec(String(text)) ?? [];
      if (url) resolve(url);
    });
  });
}
