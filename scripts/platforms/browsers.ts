import { existsSync } from 'node:fs';
import { recovers } from './judge.js';
import { type Platform, RECOVERS } from './platform.js';

const BROWSERS = [
  { name: 'Chromium', browser: 'chrome', paths: ['/usr/bin/chromium', '/usr/bin/google-chrome'] },
  { name: 'Firefox', browser: 'firefox', paths: ['/usr/bin/firefox-esr', '/usr/bin/firefox'] },
];
// The newest that runs on Node 20.
const PUPPETEER = 'puppeteer-core@24';

export const browsers: Platform = {
  id: 'browsers',
  isPlain: false,
  async run(workshop, report) {
    const project = await workshop.project('vite', 'vite', ['vite', PUPPETEER]);
    await project.run('npx', ['vite', 'build', '--logLevel', 'error']);
    const vite = await project.version('vite');
    for (const { name, browser, paths } of BROWSERS) {
      const executablePath = paths.find((path) => existsSync(path));
      if (!executablePath) {
        console.log(`No ${name} here: looked for ${paths.join(', ')}`);
        continue;
      }
      const version = /[\d.]+/.exec(await project.run(executablePath, ['--version']))?.[0];
      await report(`${name} ${version}, built by Vite ${vite}`, `baseURL '/api': ${RECOVERS}`, () =>
        recovers(({ tokens, baseURL: api }) =>
          project.run(process.execPath, ['visit.mjs'], { api, tokens, browser, executablePath }),
        ),
      );
    }
  },
};
