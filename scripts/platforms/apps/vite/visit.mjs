// Serves what was built, with the API behind `/api`, and visits it. The page's outcome is printed.
import puppeteer from 'puppeteer-core';
import { preview } from 'vite';

const { api, tokens, browser, executablePath } = JSON.parse(process.env.GIVEN);
const proxy = { '/api': { target: api, rewrite: (path) => path.replace('/api', '') } };
const server = await preview({ preview: { port: 0, host: '127.0.0.1', proxy }, logLevel: 'silent' });
const args = browser === 'chrome' ? ['--no-sandbox', '--disable-gpu'] : [];
const launched = await puppeteer.launch({ browser, executablePath, args, headless: true, timeout: 90_000 });
try {
  const page = await launched.newPage();
  const { port } = server.httpServer.address();
  const given = encodeURIComponent(JSON.stringify({ baseURL: '/api', tokens }));
  await page.goto(`http://127.0.0.1:${port}/#${given}`);
  await page.waitForFunction('window.outcome');
  console.log(JSON.stringify(await page.evaluate('window.outcome')));
} finally {
  await launched.close();
}
process.exit();
