import axios, { type AxiosInstance } from 'axios';
import { bearer, type Session } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { mountTimeline } from 'axios-bearer/devtools';
import { HEAD, ROW, STRIPS } from '../../lib/devtools/scale.js';

/** What the pages of these tests can do. */
interface TimelineProgram {
  api: AxiosInstance;
  session: Session;
  /** A timeline in the page's place for it. */
  mount(): void;
  unmount(): void;
  /** The shadow root of the timeline. */
  root(): ShadowRoot;
  counts(): Record<string, number>;
  /** The shades that stand in a lane of the picture, or in its head. */
  shadesIn(lane: number | 'refresh' | 'token'): string[];
  /** Resolves when the picture is of now. */
  drawn(): Promise<void>;
  /** ms of each frame, while `work` goes on. */
  frames(work: () => Promise<unknown>): Promise<number[]>;
}

declare global {
  var timeline: TimelineProgram;
}

const api = axios.create({ baseURL: location.origin });
const session = bearer(api, { source: apiVideo({ apiKey: 'test-api-key', baseURL: location.origin }) });
let unmount = () => {};

globalThis.timeline = {
  api,
  session,
  mount() {
    unmount = mountTimeline(place(), session, { instances: [api] });
  },
  unmount: () => unmount(),
  root,
  counts,
  shadesIn,
  drawn,
  frames,
};

function place(): HTMLElement {
  return document.getElementById('place')!;
}

function root(): ShadowRoot {
  return place().firstElementChild!.shadowRoot!;
}

function counts(): Record<string, number> {
  const all = [...root().querySelectorAll<HTMLElement>('[data-count]')];
  return Object.fromEntries(all.map((each) => [each.dataset.count, Number(each.textContent)]));
}

function shadesIn(lane: number | 'refresh' | 'token'): string[] {
  const canvas = root().querySelector('canvas')!;
  const { scrollTop } = root().querySelector('.scroll')!;
  const top = typeof lane === 'number' ? HEAD + lane * ROW - scrollTop : STRIPS[lane];
  const height = typeof lane === 'number' ? ROW : STRIPS.height;
  const ratio = devicePixelRatio;
  const { data } = canvas.getContext('2d')!.getImageData(0, top * ratio, canvas.width, height * ratio);
  const there = new Set<string>();
  for (let i = 0; i < data.length; i += 4)
    if (data[i + 3] === 255) there.add(`rgb(${data[i]}, ${data[i + 1]}, ${data[i + 2]})`);
  const probes = [...root().querySelectorAll('.probes i')];
  return probes.filter((probe) => there.has(getComputedStyle(probe).color)).map((probe) => probe.className);
}

/** The second frame from now: the first one may be the picture's own. */
function drawn(): Promise<void> {
  return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve())));
}

async function frames(work: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  let isOver = false;
  const done = work().finally(() => {
    isOver = true;
  });
  let before = await new Promise<number>(requestAnimationFrame);
  while (!isOver) {
    const now = await new Promise<number>(requestAnimationFrame);
    times.push(now - before);
    before = now;
  }
  await done;
  return times;
}
