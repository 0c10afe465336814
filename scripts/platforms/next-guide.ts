import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import axios, { type AxiosResponse } from 'axios';
import { Redis } from 'ioredis';
import { PUBLIC, startAuthorizationServer } from '../../__tests__/support/authorization-server.js';
import { findProgram, freePort } from '../../__tests__/support/engines/program.js';
import { readReadme } from '../../__tests__/support/readme.js';
import { must } from './judge.js';
import type { Project } from './project.js';

const PAGE = 'docs/guides/nextjs.md';
const REQUESTS = 50;

/** What the guide's code imports, and what Next wants to check its types. */
export const PACKAGES = ['ioredis', 'server-only', 'typescript', '@types/node@20', '@types/react'];

/** The app of the guide, in a project. */
export interface NextGuide {
  readonly proof: string;
  /** @param urls where instances of it run. @throws what was wrong */
  judge(urls: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** Writes the code of the guide into a project that is to be built, with hosts of this run; starts what it wants to reach. */
export async function openNextGuide(project: Project): Promise<NextGuide | undefined> {
  const server = await startAuthorizationServer({ ttl: 3600 });
  const hosts = {
    'https://login.example.com/revoke': server.revocationEndpoint,
    'https://login.example.com': server.issuer,
    'https://api.example.com': server.resource,
  };
  for (const { code } of readReadme(PAGE).blocks) {
    const [, file] = /^\/\/ (\S+)\n/.exec(code) as RegExpExecArray;
    await mkdir(dirname(join(project.folder, file!)), { recursive: true });
    await project.write(
      file!,
      Object.entries(hosts).reduce((text, [there, here]) => text.replaceAll(there, here), code),
    );
  }
  const program = findProgram('redis-server');
  if (!program) {
    console.log('No redis-server here: the code of the guide is built, and not run');
    await server.close();
    return undefined;
  }
  const port = String(await freePort());
  await project.serve(program, ['--port', port, '--bind', '127.0.0.1', '--save', '', '--dir', project.folder]);
  const redisUrl = `redis://127.0.0.1:${port}`;
  await project.write('.env', `REDIS_URL=${redisUrl}\n`);
  const redis = new Redis(redisUrl);
  return {
    proof: `the code of its guide, ${REQUESTS} requests at once after a 401, to two instances on one Redis: one refresh`,
    async judge(urls) {
      const connections = await numberIn(redis, 'total_connections_received');
      must(connections === 1, `the build connected to Redis: ${connections} connections`);
      const tokens = { access_token: 'over', refresh_token: await server.login(PUBLIC.clientId) };
      const login = await axios.post(`${urls[0]}/login`, tokens);
      const Cookie = login.headers['set-cookie']!.map((cookie) => cookie.split(';')[0]).join('; ');
      const settings = { headers: { Cookie }, timeout: 30_000, validateStatus: () => true };
      const get = (i: number) => {
        const path = i % (2 * urls.length) < urls.length ? '/videos' : '/';
        return axios.get(urls[i % urls.length] + path, settings);
      };

      const answers = await Promise.all(Array.from({ length: REQUESTS }, (_, i) => get(i)));
      const isRight = ({ status, data }: AxiosResponse) => status === 200 && JSON.stringify(data).includes('ada');
      const wrong = answers.find((answer) => !isRight(answer));
      must(!wrong, `an answer was ${wrong?.status} ${wrong?.data}`);
      const { asked, refused, revoked } = server;
      must(
        asked === 1 && refused > 0 && revoked === 0,
        `the servers counted ${JSON.stringify({ asked, refused, revoked })}`,
      );
      // One for commands and one for hints.
      const open = await numberIn(redis, 'connected_clients');
      must(open === 1 + 2 * urls.length, `${open} connections to Redis were open`);

      await axios.post(`${urls.at(-1)}/logout`, undefined, settings);
      const after = await Promise.all(Array.from({ length: 2 * urls.length }, (_, i) => get(i)));
      const told = after.map(({ data }) => /Sign in \w+/.exec(data)?.[0]).join();
      must(
        after.every(({ data }) => data.includes('Sign in again')),
        `after the sign-out the answers were ${told}`,
      );
      must(server.revoked === 1, 'the sign-out revoked nothing');
    },
    async close() {
      redis.disconnect();
      await server.close();
    },
  };
}

/** A number that the server tells of itself. */
async function numberIn(redis: Redis, name: string): Promise<number> {
  return Number(new RegExp(`${name}:(\\d+)`).exec(await redis.info())?.[1]);
}
