import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from '@jest/globals';
import { build } from 'esbuild';
import type { SqliteEngine } from '../../support/engines/sqlite.js';
import { type Remote, remote } from '../../support/holder.js';
import { atEnd } from '../../support/kit.js';
import type { Methods } from './program.js';

const PROGRAM = fileURLToPath(new URL('./program.ts', import.meta.url));

/** A process that was started here. */
export interface Process extends Remote<Methods> {
  /** As `kill -9` does. Resolves when it has ended. */
  kill(): Promise<void>;
  signal(name: 'SIGSTOP' | 'SIGCONT'): Promise<void>;
  exited(): Promise<void>;
}

type Answer = { id: number; result?: unknown; error?: string };

/** For one test file: processes of an engine's own Node, and folders for their databases. */
export function setUpProcesses() {
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'axb-'));
    await build({
      entryPoints: [PROGRAM],
      outfile: join(root, 'program.cjs'),
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: 'es2022',
    });
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  return {
    newFolder: () => mkdtemp(join(root, 'f-')),
    start: ({ execPath }: SqliteEngine) => startProcess(execPath!, join(root, 'program.cjs')),
  };
}

/** It ends when the test is over. */
function startProcess(execPath: string, program: string): Process {
  const env = { ...process.env, NODE_OPTIONS: '', NODE_NO_WARNINGS: '1' };
  const child = fork(program, { execPath, execArgv: [], env });
  const exited = once(child, 'exit').then(() => {});
  const kill = () => {
    child.kill('SIGKILL');
    return exited;
  };
  atEnd(kill);
  const answers = new Map<number, (answer: Partial<Answer>) => void>();
  child.on('message', (answer: Answer) => answers.get(answer.id)?.(answer));
  void exited.then(() => {
    for (const answer of answers.values()) answer({ error: 'The process has ended' });
  });
  let calls = 0;
  const call = async (method: string, args: unknown[]) => {
    const id = calls++;
    const answer = await new Promise<Partial<Answer>>((resolve) => {
      answers.set(id, resolve);
      child.send({ id, method, args });
    });
    answers.delete(id);
    if (answer.error) throw new Error(answer.error);
    return answer.result;
  };
  return remote<Process>({ kill, signal: async (name) => void child.kill(name), exited: () => exited }, call);
}
