import { setTimeout as pause } from 'node:timers/promises';
import type { ApiVideo, ApiVideoOptions } from 'axios-bearer/testing';
import Table from 'cli-table3';
import { type Act, exactly } from '../act.js';
import { axiosAuthRefresh, type Contender, copiedSnippet, ours } from '../peers.js';
import { paint } from '../phases.js';
import type { Scene } from '../scene.js';
import { hundredAtOnce } from './storm.js';

const STORM: ApiVideoOptions = { latency: 100, refreshLatency: 250 };
const UNSEEN_STORM: ApiVideoOptions = { latency: 20, refreshLatency: 60 };

interface Result {
  ok: number;
  failed: number;
  refreshes: number;
}
interface Score {
  name: string;
  storm: Result;
  /** The same, while the refresh endpoint answers its first request with a 503. */
  withOne503: Result;
}

export const comparison: Act = {
  letter: 'g',
  headline: 'The storm of b through what people use today',
  lanes: 4,

  async play(show) {
    const scores: Score[] = [];
    for (const contender of [ours, copiedSnippet, axiosAuthRefresh]) {
      const storm = await weather(contender, await show.scene(STORM, contender.title));
      const withOne503 = await weather(contender, await show.backstage(UNSEEN_STORM), { hiccup: true });
      scores.push({ name: contender.name, storm, withOne503 });
    }
    for (const line of table(scores)) show.say(line);

    const [us, ...others] = scores as [Score, ...Score[]];
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
  if (hiccup) void stumble(server);
  const ok = await hundredAtOnce(scene);
  await scene.end();
  return { ok, failed: 100 - ok, refreshes: server.stats.refresh };
}

/** A 503 from a busy server: it comes when those that are to be refused have been refused, and wait. */
async function stumble(server: ApiVideo): Promise<void> {
  server.fault('/auth/refresh', { status: 503 });
  const door = server.hold('/auth/refresh');
  while (server.stats.unauthorized < 90) await pause(10, undefined, { ref: false });
  door.release();
}

function isAsGood({ storm, withOne503 }: Score): boolean {
  return storm.failed === 0 && storm.refreshes === 1 && withOne503.failed === 0;
}

function table(scores: Score[]): string[] {
  const table = new Table({ style: { head: [], border: [], compact: true } });
  const storms = ['the storm', 'with a 503 on refresh'];
  table.push(['', ...storms.map((content) => ({ content, colSpan: 3, hAlign: 'center' as const }))]);
  table.push(['', ...storms.flatMap(() => ['ok', 'failed', 'refreshes'])]);
  for (const { name, storm, withOne503 } of scores) {
    table.push([paint.bold(name), ...cells(storm), ...cells(withOne503)]);
  }
  return table.toString().split('\n');
}

function cells({ ok, failed, refreshes }: Result): string[] {
  const colour = failed ? paint.red : paint.green;
  return [colour(String(ok)), colour(String(failed)), String(refreshes)];
}
