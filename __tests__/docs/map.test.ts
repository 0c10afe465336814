import { describe, expect, it } from '@jest/globals';
import { filesBelow, sectionOf } from './markdown.js';

const INDENT = 2;

/** The paths of a tree in which a folder ends with `/`, and each entry is followed by what it is for. */
function readTree(text: string): { path: string; told: string }[] {
  const folders: string[] = [];
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [, indent = '', name = '', told = ''] = /^( *)(\S+) *(.*)$/.exec(line) ?? [];
      folders.splice(indent.length / INDENT);
      const path = folders.join('') + name;
      if (name.endsWith('/')) folders.push(name);
      return { path, told };
    });
}

describe('The map of the house', () => {
  const [, text = ''] = /```text\n([\s\S]*?)```/.exec(sectionOf('CONTRIBUTING.md', 'The map of the house')) ?? [];
  const files = readTree(text).filter(({ path }) => !path.endsWith('/'));

  it('names every file of lib, and no other', () => {
    const named = files.map(({ path }) => path);
    const there = filesBelow('lib');
    expect({
      missing: there.filter((path) => !named.includes(path)),
      gone: named.filter((path) => !there.includes(path)),
    }).toEqual({ missing: [], gone: [] });
    expect(new Set(named).size).toBe(named.length);
  });

  it('says of each what it is for', () => {
    expect(files.filter(({ told }) => told === '')).toEqual([]);
  });
});
