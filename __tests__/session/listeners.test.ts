import { afterEach, describe, expect, it } from '@jest/globals';
import type { Session } from 'axios-bearer';
import { cleanUp, startSession, tokenPair } from '../support/kit.js';

afterEach(cleanUp);

/** Hears of sign-outs, in one way or the other. Returns the way to stop. */
function hear(way: string, session: Session, heard: () => void): () => void {
  return way === 'on()' ? session.on('signedOut', heard) : session.subscribe(heard);
}

describe.each(['on()', 'subscribe()'])('Several who hear by %s', (way) => {
  const setUp = () => {
    const session = startSession({ tokens: tokenPair('a') });
    const heard: string[] = [];
    const add = (name: string, act = () => {}) =>
      hear(way, session, () => {
        heard.push(name);
        act();
      });
    return { session, heard, add };
  };

  it('are left alone when another one stops twice, as two clean-ups of a component do', async () => {
    const { session, heard, add } = setUp();
    add('first');
    const stop = add('second');
    add('third');
    stop();
    stop();
    await session.signOut();
    expect(heard).toEqual(['first', 'third']);
  });

  it('are left alone when one stops that stopped long ago, and others came meanwhile', async () => {
    const { session, heard, add } = setUp();
    const stop = add('old');
    stop();
    add('new');
    stop();
    await session.signOut();
    expect(heard).toEqual(['new']);
  });

  it('all hear the event under way, though one of them takes others off', async () => {
    const { session, heard, add } = setUp();
    const stops: (() => void)[] = [];
    stops.push(add('first', () => stops.forEach((stop) => void stop())));
    stops.push(add('second'));
    stops.push(add('third'));
    await session.signOut();
    expect(heard).toEqual(['first', 'second', 'third']);
    await session.signIn(tokenPair('b'));
    await session.signOut();
    expect(heard).toHaveLength(3);
  });

  it('do not hear the event under way when they come during it, but the next one', async () => {
    const { session, heard, add } = setUp();
    const stop = add('first', () => {
      stop();
      add('late');
    });
    await session.signOut();
    expect(heard).toEqual(['first']);
    await session.signIn(tokenPair('b'));
    heard.length = 0;
    await session.signOut();
    expect(heard).toEqual(['late']);
  });

  it('hear twice when the same function is given twice, and once when one of them stops', async () => {
    const session = startSession({ tokens: tokenPair('a') });
    let calls = 0;
    const heard = () => {
      calls += 1;
    };
    hear(way, session, heard);
    const stop = hear(way, session, heard);
    stop();
    await session.signOut();
    expect(calls).toBe(1);
  });
});

it('Listeners of one event are not those of another, nor of another session', async () => {
  const [one, other] = [startSession({ tokens: tokenPair('a') }), startSession({ tokens: tokenPair('b') })];
  const heard: string[] = [];
  const listen = () => heard.push('heard');
  const stop = one.on('signedIn', listen);
  one.on('signedOut', listen);
  other.on('signedOut', listen);
  stop();
  await one.signOut();
  await other.signOut();
  expect(heard).toEqual(['heard', 'heard']);
});
