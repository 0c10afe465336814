import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** ms: a process that goes on for so long after its last line is kept alive by something. */
export const LINGER = 10_000;
// ms: the longest takes 10 s on a calm machine. Ends what hangs, and judges nothing.
export const PATIENCE = 500_000;

const NEWEST = JSON.parse(readFileSync('node_modules/axios/package.json', 'utf8')).version;

/** A process of its own, with the same axios as this run, that runs `script` and prints JSON lines. */
export function runInProcess(script: string, env: Record<string, string> = {}, flags: string[] = []) {
  const asUrl = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
  const version = process.env.AXIOS !== NEWEST && process.env.AXIOS;
  const alias = `export const resolve = (name, context, next) => next(name === 'axios' ? 'axios-${version}' : name, context);`;
  const register = asUrl(`import { register } from 'node:module'; register(${JSON.stringify(asUrl(alias))});`);
  const imports = [...(version ? ['--import', register] : []), '--import', 'tsx'];
  const child: ChildProcess = spawn(
    process.execPath,
    [...flags, ...imports, '--input-type=module', '-e', PRELUDE + script],
    { env: { ...process.env, ...env, NODE_OPTIONS: '' }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let [out, err] = ['', ''];
  let doneAt = Number.NaN;
  child.stdout!.on('data', (chunk) => {
    out += chunk;
    if (doneAt || !out.includes('"done"')) return;
    doneAt = Date.now();
    setTimeout(() => child.kill(), LINGER).unref();
  });
  child.stderr!.on('data', (chunk) => {
    err += chunk;
  });
  const timer = setTimeout(() => child.kill(), PATIENCE);
  return once(child, 'close').then(([code]) => {
    clearTimeout(timer);
    const lines = out.split('\n').filter(Boolean);
    return { code, err, lines: lines.map((line) => JSON.parse(line)), lingered: Date.now() - doneAt };
  });
}

const PRELUDE = `
  import axios, { AxiosError } from 'axios';
  import { bearer, createSession, memoryStore } from 'axios-bearer';
  const never = new Promise(() => {});
  const tick = async () => { for (let i = 0; i < 5; i++) await new Promise((go) => setImmediate(go)); };
  const sleep = (ms) => new Promise((go) => setTimeout(go, ms));
  const say = (...line) => console.log(JSON.stringify(line));
  const hour = { access_token: 'at_x', refresh_token: 'rt_x', expires_in: 3600 };
  const due = { accessToken: 'at_x', refreshToken: 'rt_x', issuedAt: Date.now() - 3540000, expiresAt: Date.now() + 60000 };
  const expired = { ...hour, expires_in: 0 };
  const { BASE } = process.env;
  const overHttp = async ({ refreshToken }, { client }) => (await client.post('/auth/refresh', { refreshToken })).data;
  const code = (promise) => promise.then(() => 'fulfilled', (error) => error.code ?? error.message);
  const wire = (statusOf) => async (config) => {
    const status = statusOf(config);
    const response = { status, statusText: '', data: {}, headers: {}, config, request: {} };
    if (!config.validateStatus || config.validateStatus(status)) return response;
    throw new AxiosError('status ' + status, 'ERR_BAD_REQUEST', config, {}, response);
  };
`;
