import { createRequire } from 'node:module';

type Calls = Record<string, (...args: unknown[]) => Promise<object>>;

const STEPS = ['link', 'open', 'readdir', 'readFile', 'rename', 'unlink'];
const FILE_STEPS = ['writeFile', 'sync', 'close'];

/** From now on: this process is killed before its k-th call that touches the disk, as by `kill -9`. */
export function dieAtStep(k: number): void {
  const fs = createRequire(__filename)('node:fs/promises') as Calls;
  let steps = 0;
  const counted = (calls: Calls, names: string[]) => {
    for (const name of names) {
      const call = calls[name]!.bind(calls);
      calls[name] = async (...args) => {
        steps += 1;
        if (steps === k) process.kill(process.pid, 'SIGKILL');
        const result = await call(...args);
        if (name === 'open') counted(result as Calls, FILE_STEPS);
        return result;
      };
    }
  };
  counted(fs, STEPS);
}
