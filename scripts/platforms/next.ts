import { type AddressInfo, createServer } from 'node:net';
import axios from 'axios';
import { must, recovers } from './judge.js';
import { type Platform, RECOVERS } from './platform.js';

export const next: Platform = {
  id: 'next',
  isPlain: false,
  async run(workshop, report) {
    const project = await workshop.project('next', 'next', ['next', 'react', 'react-dom']);
    const name = `Next ${await project.version('next')}`;
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    await report(name, "builds and renders a client module with baseURL '/api', on the server", async () => {
      await project.run('npx', ['next', 'build']);
      await project.serve('npx', ['next', 'start', '--hostname', '127.0.0.1', '--port', String(port)]);
      const page = await axios.get(url, { timeout: 30_000 });
      must(page.data.includes('The session is signed-out'), `the page was ${page.data}`);
    });
    await report(name, `in a route handler: ${RECOVERS}`, () =>
      recovers(async (given) => JSON.stringify((await axios.post(`${url}/recover`, given)).data)),
    );
  },
};

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
