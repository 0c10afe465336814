import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** The tool as one file, as one would publish it: ten runs that compile it first would take a minute. */
export async function buildTool(outfile: string): Promise<void> {
  const tool = fileURLToPath(new URL('./tool.ts', import.meta.url));
  await build({ entryPoints: [tool], outfile, bundle: true, platform: 'node' });
}

/** Runs the tool so many times at once, each in a process of its own. @returns what each has printed */
export function runs(times: number, tool: string, ...args: string[]): Promise<string[]> {
  const run = async () => {
    const { stdout } = spawn(process.execPath, [tool, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    return (await text(stdout)).trim();
  };
  return Promise.all(Array.from({ length: times }, run));
}
