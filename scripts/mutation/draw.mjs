// A part of the mutants, drawn evenly, where there is no time for all: `DRAW=4` tries every fourth. `ONLY=12,345` tries
// those alone. The others are counted as errors, which no score knows of.
import { declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin';

const only = process.env.ONLY?.split(',');
const part = Number(process.env.DRAW ?? 1);

const isDrawn = (id) => (only ? only.includes(id) : Number(id) % part === 0);

class Draw {
  async init() {}

  async check(mutants) {
    const outcome = ({ id }) => (isDrawn(id) ? { status: 'passed' } : { status: 'compileError', reason: 'not drawn' });
    return Object.fromEntries(mutants.map((mutant) => [mutant.id, outcome(mutant)]));
  }
}

export const strykerPlugins = [declareClassPlugin(PluginKind.Checker, 'draw', Draw)];
