import axios from 'axios';
import { freePort } from '../../__tests__/support/engines/program.js';
import { must, recovers } from './judge.js';
import { openNextGuide, PACKAGES } from './next-guide.js';
import { type Platform, RECOVERS } from './platform.js';

export const next: Platform = {
  id: 'next',
  isPlain: false,
  async run(workshop, report) {
    const project = await workshop.project('next', 'next', ['next', 'react', 'react-dom', ...PACKAGES]);
    const name = `Next ${await project.version('next')}`;
    const guide = await openNextGuide(project);
    const start = async () => {
      const port = await freePort();
      await project.serve('npx', ['next', 'start', '--hostname', '127.0.0.1', '--port', String(port)]);
      return `http://127.0.0.1:${port}`;
    };
    let url = '';
    await report(name, "builds and renders a client module with baseURL '/api', on the server", async () => {
      await project.run('npx', ['next', 'build']);
      url = await start();
      const page = await axios.get(`${url}/status`, { timeout: 30_000 });
      must(page.data.includes('The session is signed-out'), `the page was ${page.data}`);
    });
    await report(name, `in a route handler: ${RECOVERS}`, () =>
      recovers(async (given) => JSON.stringify((await axios.post(`${url}/recover`, given)).data)),
    );
    if (guide) await report(name, guide.proof, async () => guide.judge([url, await start()]));
    await guide?.close();
  },
};
