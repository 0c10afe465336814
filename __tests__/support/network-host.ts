import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { describeOn } from './on.js';

const run = promisify(execFile);

/** A network host of its own, behind a link to this one: a namespace of Linux, which only root can make. */
export interface NetworkHost {
  /** As `ip netns exec` has it. */
  readonly namespace: string;
  /** This machine, as it is seen from there. */
  readonly gateway: string;
  /** The link is cut: whatever is on its way is lost, and no connection is closed. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  remove(): Promise<void>;
}

const PACKAGE = 'iproute2';
// An address that nobody owns: each host has a link of its own.
const GATEWAY = '02:00:00:00:00:01';
let made = 0;

async function ip(...args: string[]): Promise<void> {
  await run('ip', args);
}

const can = (program: string, ...args: string[]) => spawnSync(program, args).status === 0;

/** Tests on network hosts. `REQUIRE_ENGINES=1` makes the program a must, not the rights of root. */
export function onNetworkHosts(tests: () => void): void {
  const hasProgram = can('ip', '-V');
  const isRoot = can('unshare', '--net', 'true');
  const [how, required] = hasProgram
    ? ['run them as root', undefined]
    : [`install ${PACKAGE}`, 'REQUIRE_ENGINES' as const];
  describeOn({ title: 'on two network hosts', isThere: hasProgram && isRoot, how, required }, tests);
}

export async function newNetworkHost(): Promise<NetworkHost> {
  const n = made++;
  const namespace = `axb-${process.pid}-${n}`;
  // Names of interfaces have at most 15 characters.
  const [near, far] = [`axb${process.pid}n${n}`, `axb${process.pid}f${n}`];
  // Of a network that is set aside for tests (RFC 2544).
  const [gateway, address] = [`198.18.${n}.1`, `198.18.${n}.2`];
  await ip('netns', 'add', namespace);
  await ip('link', 'add', near, 'address', GATEWAY, 'type', 'veth', 'peer', 'name', far, 'netns', namespace);
  await ip('address', 'add', `${gateway}/30`, 'dev', near);
  await ip('-n', namespace, 'address', 'add', `${address}/30`, 'dev', far);
  await ip('-n', namespace, 'link', 'set', 'lo', 'up');
  await ip('-n', namespace, 'link', 'set', far, 'up');
  await ip('link', 'set', near, 'up');
  // The gateway's address is not asked for: while the link is cut that would fail, and whatever connects with it.
  await ip('-n', namespace, 'neighbour', 'add', gateway, 'lladdr', GATEWAY, 'dev', far);
  return {
    namespace,
    gateway,
    cut: () => ip('link', 'set', near, 'down'),
    mend: () => ip('link', 'set', near, 'up'),
    remove: () => ip('netns', 'delete', namespace),
  };
}
