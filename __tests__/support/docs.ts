import { dirname } from 'node:path';
import { dirname as folderOf, join } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import type { Block } from './readme.js';

// As the compiler writes paths, on Windows too.
const ROOT = join(dirname(fileURLToPath(import.meta.url)).replaceAll('\\', '/'), '../..');

/**
 * What the compiler says to blocks of TypeScript, strict and in one program: `<page>:<line> <message>`. A block that
 * begins with `// name.ts` or `// folder/name.tsx` can be imported by the others.
 *
 * @param prelude declarations of what the page takes for granted
 */
export function diagnose(page: string, blocks: Block[], prelude = ''): string[] {
  const files = new Map<string, { text: string; line: number }>();
  files.set(join(ROOT, 'page-prelude.d.ts'), { text: prelude, line: Number.NaN });
  for (const [i, { code, line }] of blocks.entries()) {
    const [, name = `block-${i}.ts`] = /^\/\/ ([\w./-]+\.tsx?)\n/.exec(code) ?? [];
    files.set(join(ROOT, name), { text: `${code}\nexport {};\n`, line });
  }
  const program = programOf(new Map([...files].map(([file, { text }]) => [file, text])));
  return [...files].flatMap(([file, { line: first }]) => {
    const parsed = program.getSourceFile(file);
    const found = [...program.getSyntacticDiagnostics(parsed), ...program.getSemanticDiagnostics(parsed)];
    return found.map(({ messageText, start = 0 }) => {
      const { line } = parsed!.getLineAndCharacterOfPosition(start);
      return `${page}:${first + line} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
    });
  });
}

// Most of them are axios's and the platform's own, and the same for each program.
const parsedBefore = new Map<string, ts.SourceFile | undefined>();

function programOf(texts: Map<string, string>): ts.Program {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, files: [] }, ts.sys, ROOT);
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, directoryExists } = host;
  const folders = new Set([...texts.keys()].map((file) => folderOf(file)));
  host.fileExists = (file) => texts.has(file) || fileExists(file);
  // Else nothing is looked for in a folder that only a page has.
  host.directoryExists = (folder) => folders.has(folder) || (directoryExists?.(folder) ?? true);
  host.getSourceFile = (file, ...rest) => {
    const text = texts.get(file);
    if (text !== undefined) return ts.createSourceFile(file, text, ts.ScriptTarget.ES2022);
    const parsed = parsedBefore.get(file) ?? getSourceFile(file, ...rest);
    parsedBefore.set(file, parsed);
    return parsed;
  };
  // A reader may leave a name unused, and import types like all else.
  const lenient = { noUnusedLocals: false, noUnusedParameters: false, verbatimModuleSyntax: false };
  return ts.createProgram([...texts.keys()], { ...options, ...lenient }, host);
}
