import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..');
const HEADING = /^#{1,6} +(.*)$/;
const FENCE = /^```(\w*)/;

/** A piece of code in a page, named by its heading, and from the second on by its number below it. */
export interface Block {
  name: string;
  lang: string;
  code: string;
  /** Of its first line in the page, from 1. */
  line: number;
}

export interface Section {
  heading: string;
  text: string;
}

export interface Readme {
  text: string;
  sections: Section[];
  /** The blocks in TypeScript or JavaScript. */
  blocks: Block[];
}

export function source(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** The README, or another page. */
export function readReadme(path = 'README.md'): Readme {
  const text = source(path);
  const sections: Section[] = [];
  const blocks: Block[] = [];
  let open: Block | undefined;

  text.split('\n').forEach((row, index) => {
    const section = sections.at(-1);
    if (section) section.text += `${row}\n`;
    if (open && row === '```') {
      if (/^(?:tsx?|js|typescript|javascript)$/.test(open.lang)) blocks.push(open);
      open = undefined;
    } else if (open) {
      open.code += `${row}\n`;
    } else if (FENCE.test(row)) {
      const { heading = '' } = section ?? {};
      const number = blocks.filter(({ name }) => name.replace(/ \d+$/, '') === heading).length + 1;
      const name = number === 1 ? heading : `${heading} ${number}`;
      open = { name, lang: FENCE.exec(row)?.[1] ?? '', code: '', line: index + 2 };
    } else if (HEADING.test(row)) {
      sections.push({ heading: HEADING.exec(row)?.[1] ?? '', text: '' });
    }
  });
  return { text, sections, blocks };
}

/** The rows of all tables below a heading: their cells, heads left out. */
export function rowsOf({ sections }: Readme, heading: string): string[][] {
  const section = sections.find((one) => one.heading === heading);
  if (!section) throw new Error(`The page has no section "${heading}"`);
  const rows = section.text.split('\n').map((row) => (row.startsWith('|') ? cells(row) : undefined));
  return rows.filter((row, i): row is string[] => Boolean(row && !isRule(row) && !isRule(rows[i + 1])));
}

function cells(row: string): string[] {
  return row
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

function isRule(row: string[] | undefined): boolean {
  return row?.every((cell) => /^-+$/.test(cell)) ?? false;
}

/** The names in a table's first column: what stands there as code, without its arguments. */
export function namesOf(rows: string[][]): string[] {
  return rows.flatMap(([first = '']) => [...first.matchAll(/`'?([\w-]+)/g)].map(([, name]) => name as string));
}

export type Values = Record<string, unknown>;

const AsyncFunction = (async () => {}).constructor as new (
  ...args: string[]
) => (...values: unknown[]) => Promise<Values>;

/**
 * Runs a block as it stands, imports and `await` included.
 *
 * @param modules what its imports find
 * @param globals what it takes for granted
 * @returns what it declares
 */
export async function runBlock({ code, lang }: Block, modules: Values, globals: Values): Promise<Values> {
  const fileName = lang === 'tsx' ? 'block.tsx' : 'block.ts';
  const compilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.CommonJS,
    esModuleInterop: true,
    jsx: ts.JsxEmit.ReactJSX,
  };
  const { outputText } = ts.transpileModule(code, { compilerOptions, fileName });
  const exports: Values = {};
  const require = (name: string) => {
    if (!(name in modules)) throw new Error(`The page imports ${name}`);
    return Object.assign({ __esModule: true }, modules[name]);
  };
  const given = { ...globals, exports, require };
  // In a block of its own: there it may declare what is given as well.
  const body = `{ ${outputText}\nreturn { ${declaredIn(fileName, code).join(', ')} }; }`;
  const declared = await new AsyncFunction(...Object.keys(given), body)(...Object.values(given));
  return { ...exports, ...declared };
}

function declaredIn(fileName: string, code: string): string[] {
  const statements = ts
    .createSourceFile(fileName, code, ts.ScriptTarget.ES2022)
    .statements.filter(ts.isVariableStatement);
  const kept = statements.filter(({ modifiers }) => !modifiers);
  return kept.flatMap(({ declarationList }) => declarationList.declarations.flatMap(({ name }) => bound(name)));
}

function bound(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : bound(element.name)));
}

/** The members that an interface or class in `path` offers: no private ones, none for internal use. */
export function membersOf(path: string, name: string): string[] {
  const declaration = declarationOf(path, name);
  if (!ts.isInterfaceDeclaration(declaration) && !ts.isClassDeclaration(declaration)) return [];
  const members: readonly (ts.TypeElement | ts.ClassElement)[] = declaration.members;
  const offered = members.filter((member) => !commentOf(member).includes('@internal'));
  return offered.flatMap((member) => (member.name && ts.isIdentifier(member.name) ? [member.name.text] : []));
}

function commentOf(node: ts.Node): string {
  return node.getFullText().slice(0, node.getLeadingTriviaWidth());
}

/** The string literals that a type alias in `path` is made of, also as the values of a member, such as `status`. */
export function literalsOf(path: string, name: string, member?: string): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node, inside: boolean): void => {
    if (inside && ts.isLiteralTypeNode(node) && ts.isStringLiteral(node.literal)) found.push(node.literal.text);
    const named = ts.isPropertySignature(node) && ts.isIdentifier(node.name) && node.name.text === member;
    ts.forEachChild(node, (child) => visit(child, inside || named));
  };
  visit(declarationOf(path, name), !member);
  return found;
}

function declarationOf(path: string, name: string): ts.Statement {
  const parsed = ts.createSourceFile(path, source(path), ts.ScriptTarget.ES2022, true);
  const found = parsed.statements.find((one) => (one as { name?: ts.Identifier }).name?.text === name);
  if (!found) throw new Error(`${path} declares no ${name}`);
  return found;
}
