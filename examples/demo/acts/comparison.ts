import type { ApiVideoOptions } from 'axios-bearer/testing';
import Table from 'cli-table3';
import { type Act, exactly } from '../act.js';
import { axiosAuthRefresh, type Contender, copiedSnippet, ours } from '../peers.js';
import { paint } from '../phases.js';
import type { Scene } from '../scene.js';
import { hundredAtOnce } from './storm.js';

const WEATHER: ApiVideoOptions = { latency: 100, refreshLatency: 250 };

interface Score {
  name: string;
  /** The storm, and the same with a refresh endpoint that answers 503 once. */
  fair: Result;
  hiccup: Result;
}
interface Result {
  ok: number;
  failed: number;
  refreshes: number;
}

export const comparison: Act = {
  letter: 'g',
  headline: 'The storm of b through what people use today',

  async play(show) {
    const scores: Score[] = [];
    for (const contender of [ours, copiedSnippet, axiosAuthRefresh]) {
      const fair = await ride(contender, await show.scene(WEATHER, contender.name));
      const hiccup = await ride(contender, await show.backstage(WEATHER), 1);
      scores.push({ name: contender.name, fair, hiccup });
    }
    for (const line of table(scores)) show.say(line);

    const [us, ...others] = scores;
    return [
      exactly('axios-bearer: requests that succeed', 100, us!.fair.ok),
      exactly('axios-bearer: refreshes', 1, us!.fair.refreshes),
      exactly('axios-bearer: succeed in spite of one 503', 100, us!.hiccup.ok),
      exactly('others that do the same', 0, others.filter(isAsGood).length),
    ];
  },
};

async function ride(contender: Contender, scene: Scene, hiccups = 0): Promise<Result> {
  const { server, api } = scene;
  contender.install(api, server.issue());
  if (hiccups) server.fault('/auth/refresh', { status: 503 }, { times: hiccups });
  const ok = await hundredAtOnce(scene);
  await scene.end();
  return { ok, failed: 100 - ok, refreshes: server.stats.refresh };
}

function isAsGood({ fair, hiccup }: Score): boolean {
  return fair.failed === 0 && fair.refreshes === 1 && hiccup.failed === 0;
}
