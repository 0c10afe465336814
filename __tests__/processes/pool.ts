import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { PUBLIC } from '../support/authorization-server.js';
import { remote } from '../support/holder.js';
import { atEnd } from '../support/kit.js';
import type { Call, ProcessStart } from './holder.js';

const PROGRAM = fileURLToPath(new URL('./holder.ts', import.meta.url));

type Event = 'locked' | 'asking' | 'signedIn' | 'refreshed' | 'signedOut';

/** A process that was started here, and holds a session. */
export interface Holder extends Call {
  /**
   * Resolves at the next such event of its session. `locked`: it has the lock, and has done nothing yet; `asking`: its
   * source is asked, and has sent nothing yet.
   */
  next(event: Event): Promise<void>;
  /** SIGKILL ends it as `kill -9` does, SIGSTOP lets it stand still. Resolves, where it ends, when it has ended. */
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void>;
  exited(): Promise<void>;
}

/** For one test file: the program as one file, so that a process starts fast, and a folder for each test. */
export async function buildHolder() {
  const root = await mkdtemp(join(tmpdir(), 'axb-'));
  const program = join(root, 'holder.cjs');
  await build({
    entryPoints: [PROGRAM],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'es2022',
    // What pg looks for, and does without.
    external: ['pg-native'],
  });
  return {
    program,
    newFolder: () => mkdtemp(join(root, 'f-')),
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

export interface Place extends Omit<ProcessStart, 'clientId'> {
  /** ms by which the clock of a process is wrong. */
  clock?: number;
  /** The network host that it runs on; missing: this one. */
  namespace?: string;
  /** The Node that it runs on; missing: this one. */
  execPath?: string | undefined;
}

/** Starts a process; it ends when the test is over. */
export async function startHolder(program: string, { clock, namespace, execPath, ...start }: Place): Promise<Holder> {
  const child = fork(program, { ...nodeOf(execPath, clock, namespace), env: { ...process.env, NODE_OPTIONS: '' } });
  const exited = once(child, 'exit').then(() => {});
  atEnd(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const holder = callsOf(child, exited);
  await holder.start({ clientId: PUBLIC.clientId, ...start });
  return holder;
}

/** Node, on a clock that may be wrong, and on a network host. */
function nodeOf(execPath = process.execPath, clock = 0, namespace?: string) {
  const wrong = `const { now } = Date; Date.now = () => now() + ${clock};`;
  const execArgv = clock ? [`--import=data:text/javascript,${encodeURIComponent(wrong)}`] : [];
  if (!namespace) return { execPath, execArgv };
  return { execPath: 'ip', execArgv: ['netns', 'exec', namespace, execPath, ...execArgv] };
}

function callsOf(child: ChildProcess, exited: Promise<void>): Holder {
  let calls = 0;
  const answers = new Map<number, (answer: { result?: unknown; error?: string }) => void>();
  child.on('message', (message: { id?: number; result?: unknown; error?: string }) => {
    if (message.id !== undefined) answers.get(message.id)?.(message);
  });
  void exited.then(() => {
    for (const answer of answers.values()) answer({ error: 'The process has ended' });
  });
  const call = async (method: string, args: unknown[]) => {
    const id = calls++;
    const answer = await new Promise<{ result?: unknown; error?: string }>((resolve) => {
      answers.set(id, resolve);
      child.send({ id, method, args });
    });
    answers.delete(id);
    if (answer.error) throw new Error(answer.error);
    return answer.result;
  };
  const own = {
    next: (event: string) =>
      new Promise<void>((resolve) => {
        const heard = (message: { event?: string }) => {
          if (message.event !== event) return;
          child.off('message', heard);
          resolve();
        };
        child.on('message', heard);
      }),
    signal: async (name: NodeJS.Signals) => {
      child.kill(name);
      if (name === 'SIGKILL') await exited;
    },
    exited: () => exited,
  };
  return remote<Holder>(own, call);
}
