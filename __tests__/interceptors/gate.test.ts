import { afterEach, describe, expect, it } from '@jest/globals';
import { type Gate, gateOf } from '../../lib/interceptors/gate.js';
import { cleanUp, type Deferred, deferred, installClock, settle } from '../support/kit.js';

afterEach(cleanUp);

/** Passes what is named through a gate, and notes what is sent. Nothing is answered by itself. */
function through(gate: Gate) {
  const sent: string[] = [];
  const answers: Record<string, Deferred<void>> = {};
  const pass = (name: string, order = gate.nextTurn()) => {
    const answer = deferred();
    answers[name] = answer;
    gate.pass(order, () => {
      sent.push(name);
      return answer.promise;
    });
  };
  const answered = async (...names: string[]) => {
    for (const name of names) answers[name]?.resolve();
    await settle();
  };
  return { sent, pass, answers, answered };
}

describe('A gate', () => {
  it('sends as many at a time as it has places, and the next for each answer', async () => {
    const { sent, pass, answered } = through(gateOf(3));
    for (const name of 'abcdef') pass(name);
    await settle();
    expect(sent).toEqual(['a', 'b', 'c']);
    await answered('b');
    expect(sent).toEqual(['a', 'b', 'c', 'd']);
    await answered('a', 'c');
    expect(sent).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  it('sends all at once where it has places without end', async () => {
    const { sent, pass } = through(gateOf(Number.POSITIVE_INFINITY));
    for (const name of 'abcdefgh') pass(name);
    await settle();
    expect(sent).toEqual([...'abcdefgh']);
  });

  it('frees a place after a failure too', async () => {
    const { sent, pass, answers } = through(gateOf(1));
    for (const name of 'ab') pass(name);
    await settle();
    expect(sent).toEqual(['a']);
    answers.a?.reject(new Error('a failed'));
    await settle();
    expect(sent).toEqual(['a', 'b']);
  });

  it('L9 passes in the order in which they began to wait, also one that came to it later', async () => {
    const gate = gateOf(1);
    const { sent, pass, answered } = through(gate);
    const [first, second, third, fourth] = [1, 2, 3, 4].map(() => gate.nextTurn());
    pass('third', third);
    pass('first', first);
    await settle();
    expect(sent).toEqual(['first']);
    pass('fourth', fourth);
    pass('second', second);
    await answered('first');
    await answered('second');
    await answered('third');
    expect(sent).toEqual(['first', 'second', 'third', 'fourth']);
  });

  it.each(Array.from({ length: 12 }, (_, ticks) => ticks))(
    'sends one that comes %i microtasks after the answers of all before it',
    async (ticks) => {
      const { sent, pass, answers } = through(gateOf(2));
      for (const name of 'ab') pass(name);
      await settle();
      for (const name of 'ab') answers[name]?.resolve();
      for (let tick = 0; tick < ticks; tick++) await null;
      pass('c');
      await settle();
      expect(sent).toEqual(['a', 'b', 'c']);
    },
  );

  it('goes on after it was empty', async () => {
    const { sent, pass, answered } = through(gateOf(1));
    for (const round of [1, 2, 3]) {
      for (const name of 'ab') pass(`${name}${round}`);
      await settle();
      await answered(`a${round}`);
      await answered(`b${round}`);
    }
    expect(sent).toEqual(['a1', 'b1', 'a2', 'b2', 'a3', 'b3']);
  });
});

describe('L24 a place at a gate', () => {
  it('is held for a second at most: an answer may take longer', async () => {
    const clock = installClock();
    const { sent, pass } = through(gateOf(1));
    for (const name of 'abc') pass(name);
    await settle();
    await clock.advance(800);
    expect(sent).toEqual(['a']);
    await clock.advance(201);
    expect(sent).toEqual(['a', 'b']);
    await clock.advance(1_001);
    expect(sent).toEqual(['a', 'b', 'c']);
  });

  it('is not freed a second time by an answer that comes late', async () => {
    const clock = installClock();
    const { sent, pass, answered } = through(gateOf(1));
    for (const name of 'abc') pass(name);
    await settle();
    await clock.advance(1_001);
    await answered('a');
    expect(sent).toEqual(['a', 'b']);
    await answered('b');
    expect(sent).toEqual(['a', 'b', 'c']);
  });
});
