import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { forward } from './forward.js';
import { listen } from './listen.js';

/** The page `index.html` of a folder, with its program `page.ts`. All else goes on to the API: for the browser it is of one origin. */
export async function serve(folder: string, api: string) {
  const page = await readFile(join(folder, 'index.html'));
  const built = await build({ entryPoints: [join(folder, 'page.ts')], bundle: true, write: false });
  return listen((req, res) => {
    if (req.url === '/') return void res.setHeader('content-type', 'text/html').end(page);
    if (req.url === '/page.js') return void res.end(built.outputFiles[0]?.text);
    forward(req, res, new URL(req.url ?? '', api));
  });
}
