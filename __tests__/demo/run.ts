import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Run {
  code: number | null;
  stdout: string;
  stderr: string;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The demo as a person starts it, piped. Resolves when its process has ended by itself. */
export function runDemo(...args: string[]): Promise<Run> {
  const demo = spawn(process.execPath, ['--import', 'tsx', 'examples/demo/index.ts', ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CI: '1' }, // where picocolors would have colours in a pipe
  });
  return new Promise((resolve, reject) => {
    let stdout = '';
    let stderr = '';
    demo.stdout.on('data', (text) => {
      stdout += text;
    });
    demo.stderr.on('data', (text) => {
      stderr += text;
    });
    demo.once('error', reject);
    demo.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}
