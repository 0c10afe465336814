import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import axios from 'axios';
import { adapters, onAdapters } from '../support/kit.js';
import { expired, isSlow, refused, refusedOAuth2 } from './client.js';
import { COMMAND, type Measured, pageOf, savedPage, savePage } from './docs-page.js';
import { unanswered } from './expected.js';
import { FAULTS, type Row } from './faults.js';
import { flawsAtResource, flawsAtTokenEndpoint } from './judge.js';
import { atResource, atTokenEndpoint } from './measure.js';

/** The source that asks the token endpoint, and the 401 that caused it, if any. */
const CALLS = [
  { by: 'a function, by the clock', call: expired, met: undefined, view: 'token' },
  { by: 'a function, after a 401', call: refused, met: 401, view: 'token' },
  { by: 'axios-bearer/oauth2, after a 401', call: refusedOAuth2, met: 401, view: 'oauth2' },
] as const;

/** axios 1.16 taught its fetch adapter `maxContentLength`. */
const HAS_LIMIT = Number(axios.VERSION.split('.')[1]) >= 16;
const adaptersFor = ({ limited }: Row) => adapters.filter((adapter) => adapter === 'http' || !limited || HAS_LIMIT);

const ROWS = Object.values(FAULTS).flat();
const each = (title: (row: Row) => string) => it.each(ROWS.map((row) => [title(row), row] as const));

/** Each row is played once, however many tests look at it. */
function once<T>(play: (row: Row) => Promise<T>): (row: Row) => Promise<T> {
  const played = new Map<Row, Promise<T>>();
  return (row) => {
    const run = played.get(row) ?? play(row);
    played.set(row, run);
    return run;
  };
}

const tokenRuns = once((row) => {
  const runs = adaptersFor(row).flatMap((adapter) => CALLS.map((call) => ({ adapter, ...call })));
  return Promise.all(runs.map(async (run) => ({ ...run, got: await atTokenEndpoint(row, run.adapter, run.call) })));
});
const resourceRuns = once((row) =>
  Promise.all(adapters.map(async (adapter) => ({ adapter, got: await atResource(row, adapter) }))),
);

const spoken: unknown[] = [];
beforeAll(() => {
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
    jest.spyOn(console, method).mockImplementation((...words) => void spoken.push(words));
  }
  // While they wait, the others are played.
  for (const row of ROWS.filter(({ slow }) => slow)) void tokenRuns(row).then(() => resourceRuns(row));
});
afterAll(() => void jest.restoreAllMocks());

describe(`At the token endpoint (${onAdapters})`, () => {
  each(({ law, name, token: { caller, session } }) => `${law} ${name}: ${caller}, ${session}`)('%s', async (_, row) => {
    for (const { by, adapter, met, view, got } of await tokenRuns(row)) {
      const expected = isSlow(row, adapter) ? unanswered : row[view];
      expect([by, adapter, ...flawsAtTokenEndpoint(expected, met, got)]).toEqual([by, adapter]);
    }
  });

  each(({ name }) => `L20 ${name}: no token and no client secret is told`)('%s', async (_, row) => {
    for (const { by, adapter, got } of await tokenRuns(row)) expect([by, adapter, ...got.leaks]).toEqual([by, adapter]);
  });
});

describe(`At the resource (${onAdapters})`, () => {
  each(({ name, mended }) => `L10 ${name}: ${mended ? 'mended' : 'handed on as it is'}, the session kept`)(
    '%s',
    async (_, row) => {
      for (const { adapter, got } of await resourceRuns(row)) {
        const wanted = row.mended ? { status: 200, data: { data: 'videos' }, sends: 2 } : got.without;
        expect([adapter, got.outcome]).toEqual([adapter, wanted]);
        expect([adapter, ...flawsAtResource(row, got)]).toEqual([adapter]);
      }
    },
  );

  each(({ name }) => `L20 ${name}: no token is told, nor heard by another origin`)('%s', async (_, row) => {
    for (const { adapter, got } of await resourceRuns(row)) {
      expect([adapter, ...got.leaks]).toEqual([adapter]);
      expect([adapter, got.leaksWithout]).not.toEqual([adapter, []]);
    }
  });
});

describe('All in all', () => {
  it('L20 not a word is written to the console', async () => {
    await Promise.all([...ROWS.map(tokenRuns), ...ROWS.map(resourceRuns)]);
    expect(spoken).toEqual([]);
  });

  it(`docs/faults.md tells what was measured. If it does not: ${COMMAND}`, async () => {
    const measured = async (row: Row): Promise<Measured> => {
      const [asked, sent] = [await tokenRuns(row), await resourceRuns(row)];
      const seenBy = (view: string) => asked.filter((run) => run.view === view).map(({ got }) => got);
      const handedOn = sent.every(({ got }) => isDeepStrictEqual(got.outcome, got.without));
      return { row, own: seenBy('token'), oauth2: seenBy('oauth2'), handedOn };
    };
    const kinds = Object.entries(FAULTS).map(async ([kind, rows]) => [kind, await Promise.all(rows.map(measured))]);
    const page = pageOf(Object.fromEntries(await Promise.all(kinds)));
    if (process.env.FAULTS_WRITE) savePage(page);
    expect(savedPage()).toBe(page);
  });
});
