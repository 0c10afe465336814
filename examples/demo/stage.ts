import { type Act, exactly, type Outcome, type Played, type Show } from './act.js';
import { actPage } from './report.js';
import { openScene, type Scene } from './scene.js';
import type { Screen } from './screen.js';

const FRAME = 80; // ms: about what an eye takes for movement
const LONGEST = 120_000; // ms: a promise that never settles must be told, not waited for

/** Plays one act, shows it while it runs and when it is done, and leaves nothing open. */
export async function perform(act: Act, screen: Screen): Promise<Played> {
  const seen: Scene[] = [];
  const unseen: Scene[] = [];
  const notes: string[] = [];
  const show: Show = {
    scene: (options, title) => openInto(seen, openScene(options, title)),
    backstage: (options) => openInto(unseen, openScene(options)),
    say: (line) => void notes.push(line),
  };

  const frames = setInterval(() => screen.paint(actPage(act, seen, notes, screen.width)), FRAME);
  const outcome = await inTime(act.play(show)).catch(broken);
  clearInterval(frames);

  const scenes = [...seen, ...unseen];
  await Promise.all(scenes.map((scene) => scene.end()));
  screen.print(actPage(act, seen, notes, screen.width, outcome.claims));
  const drawn = sum(scenes.map(({ wire }) => wire.trips));
  const logged = sum(scenes.map(({ server }) => server.stats.requests));
  return { ...outcome, act, drawn, logged, scenes: seen };
}

async function openInto(scenes: Scene[], opening: Promise<Scene>): Promise<Scene> {
  const scene = await opening;
  scenes.push(scene);
  return scene;
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not over after ${LONGEST / 1_000} s`)), LONGEST);
  });
  return Promise.race([work, tooLate]).finally(() => clearTimeout(timer));
}

/** An act that breaks is a claim that does not hold: the others are played all the same. */
function broken(error: unknown): Outcome {
  const { message } = error as Error;
  return { claims: [exactly('is how the act ended', 'played to its end', message)] };
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
