import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Stats } from 'axios-bearer/testing';

/** What can be asked of the servers' process. */
export interface ServerCommands {
  places(): Promise<{ video: string; apiKey: string; oidc: string; revocation: string }>;
  /** All access tokens so far are refused. */
  expire(which: 'video' | 'oidc'): Promise<void>;
  /** At the real authorization server: a refresh token. */
  login(account: string): Promise<string>;
  /** `takenBack`: accounts with a grant that was revoked. */
  counts(): Promise<Stats & { takenBack: string[] }>;
}

export interface CommandMessage {
  id: number;
  command: keyof ServerCommands;
  args: unknown[];
}

export type Servers = ServerCommands & { close(): Promise<void> };

export async function startServers(): Promise<Servers> {
  const child = fork(fileURLToPath(new URL('servers.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] });
  const asked = new Map<number, (answer: never) => void>();
  child.on('message', ({ id, answer }: { id: number; answer: never }) => {
    asked.get(id)?.(answer);
    asked.delete(id);
  });
  await once(child, 'message');
  let last = 0;
  const call = (command: keyof ServerCommands, ...args: unknown[]) =>
    new Promise<never>((answer) => {
      last += 1;
      asked.set(last, answer);
      child.send({ id: last, command, args } satisfies CommandMessage);
    });
  return {
    places: () => call('places'),
    expire: (which) => call('expire', which),
    login: (account) => call('login', account),
    counts: () => call('counts'),
    close: async () => {
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    },
  };
}
