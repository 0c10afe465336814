import type { ApiVideoOptions } from 'axios-bearer/testing';
import Table from 'cli-table3';
import { type Act, exactly, upTo } from '../act.js';
import { ours } from '../ours.js';
import { axiosAuthRefresh, type Contender, copiedSnippet } from '../peers.js';
import { paint } from '../phases.js';
import type { Scene } from '../scene.js';
import { hundredAtOnce } from './storm.js';

const STORM: ApiVideoOptions = { latency: 100, refreshLatency: 250 };
const UNSEEN_STORM: ApiVideoOptions = { latency: 20, refreshLatency: 60 };

const POLLS_LATENCY: ApiVideoOptions = { latency: 2, refreshLatency: 5 };

const POLLS = 20;

interface Result {
  ok: number;
  failed: number;
  refreshes: number;
}
export interface Score {
  name: string;
  storm: Result;
  /** The same, while the refresh endpoint answers its first request with a 503. */
  withOne503: Result;
  /** Refreshes that 20 polls of a URL cost which refuses every token. */
  always401: number;
}

export const comparison: Act = {
  letter: 'a',
  headline: '100 requests at once, one expired token: beside what people use today',
  lanes: 4,

  async play(show) {
    const scores: Score[] = [];
    for (const contender of [copiedSnippet, axiosAuthRefresh, ours]) {
      const storm = await weather(contender, await show.scene(STORM, contender.title));
      const withOne503 = await weather(contender, await show.backstage(UNSEEN_STORM), { hiccup: true });
      const always401 = await poll(contender, await show.backstage(POLLS_LATENCY));
      scores.push({ name: contender.name, storm, withOne503, always401 });
    }
    for (const line of table(scores)) show.say(line);

    const [us, ...others] = [...scores].reverse() as [Score, ...Score[]];
    return {
      claims: [
        exactly('requests of ours that succeed', 100, us.storm.ok),
        exactly('refresh of ours', 1, us.storm.refreshes),
        exactly('of ours succeed in spite of one 503', 100, us.withOne503.ok),
        exactly('others that do the same', 0, others.filter(isAsGood).length),
      ],
      figures: scores,
    };
  },
};

async function weather(contender: Contender, scene: Scene, { hiccup = false } = {}): Promise<Result> {
  const { server, api } = scene;
  contender.install(api, server.issue());
  if (hiccup) server.fault('/auth/refresh', { status: 503 }); // when those that are refused together wait for it
  const ok = await hundredAtOnce(scene);
  await scene.end();
  return { ok, failed: 100 - ok, refreshes: server.stats.refresh };
}

async function poll(contender: Contender, scene: Scene): Promise<number> {
  const { server, api, get } = scene;
  contender.install(api, server.issue());
  for (const poll of upTo(POLLS)) await get('/always-401', { poll });
  await scene.end();
  return server.stats.refresh;
}

function isAsGood({ storm, withOne503 }: Score): boolean {
  return storm.failed === 0 && storm.refreshes === 1 && withOne503.failed === 0;
}

/** What was measured, in words: a row has a name, and a cell for each contender. */
export function inWords(scores: readonly Score[]): [name: string, ...cells: string[]][] {
  return [
    ['100 requests at once', ...scores.map(({ storm }) => outcome(storm))],
    ['refresh: 503, once', ...scores.map(({ withOne503 }) => outcome(withOne503))],
    [`${POLLS} polls, always 401`, ...scores.map(({ always401 }) => refreshes(always401))],
  ];
}

function outcome(result: Result): string {
  const failed = result.failed ? `, ${result.failed} fail` : '';
  return `${result.ok} ok${failed}, ${refreshes(result.refreshes)}`;
}

function refreshes(n: number): string {
  return n === 1 ? 'one refresh' : `${n} refreshes`;
}

function table(scores: readonly Score[]): string[] {
  const table = new Table({ style: { head: [], border: [], compact: true } });
  table.push(['', ...scores.map(({ name }) => paint.bold(name))]);
  // The refreshes on a line of their own: so it fits a narrow window.
  for (const row of inWords(scores)) table.push(row.map((cell) => cell.replace(/, (?=\w+ refresh)/, '\n')));
  return table.toString().split('\n');
}
