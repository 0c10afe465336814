// The core has some 5,700 mutants, which take a night. So a part of them can be drawn.
import { readdirSync, readFileSync } from 'node:fs';

const TOP = ['backoff', 'bearer', 'errors', 'expiry', 'read-options', 'token'].map((name) => `lib/${name}.ts`);
const FOLDERS = ['lib/interceptors', 'lib/platform', 'lib/session'];

/** The files of the core. */
export function core() {
  return [...TOP, ...FOLDERS.flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`))];
}

/** Every `part`th line of each file. What spans several lines, such as a whole block, is left out. */
export function drawnLines(part) {
  return core().flatMap((file) => {
    const lines = readFileSync(file, 'utf8').split('\n').length;
    const drawn = Array.from({ length: Math.ceil(lines / part) }, (_, i) => 1 + i * part + (file.length % part));
    return drawn.map((line) => `${file}:${line}-${line}`);
  });
}
