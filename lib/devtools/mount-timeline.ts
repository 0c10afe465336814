import type { AxiosInstance } from 'axios';
import type { AnyAxios } from '../session/joins.js';
import type { Session } from '../session/session.js';
import { listen } from './controls.js';
import { paletteOf } from './palette.js';
import { makePanel, type Panel } from './panel.js';
import { newRecording } from './recording.js';
import { newScreen, show } from './screen.js';
import { watchInstance } from './watch-instance.js';
import { watchSession } from './watch-session.js';

/** What a timeline shows. */
export interface TimelineOptions {
  /** The instances of which the requests are drawn, a lane for each request. Default: none, so refreshes and tokens only. */
  instances?: readonly AnyAxios[];
}

/** An `HTMLElement`. Where types are compiled without a page's, none has that name. */
export interface PageElement {
  /** As elements have it. */
  append(child: never): void;
}

// ms. The rest of a token's life is told in seconds.
const TICK = 1_000;

/**
 * Call it while you develop, to see a session at work: a live waterfall of its requests, its refreshes and its tokens, in
 * an element of your page. The element's height is its own, or else what its style says. It shows no token, and stops
 * nothing: requests go their way as without it.
 *
 * @param element where it is appended, in a shadow root
 * @returns the way to take it away, and all that watched for it
 */
export function mountTimeline(element: PageElement, session: Session, options: TimelineOptions = {}): () => void {
  const { instances = [] } = options;
  const panel = makePanel();
  element.append(panel.host as never);
  const recording = newRecording();
  const hint =
    instances.length > 0
      ? 'No request yet.'
      : 'No instance is watched: mountTimeline(element, session, { instances: [api] })';
  const screen = newScreen(panel, session, recording, hint);
  const life = new AbortController();
  const redraw = frames(() => show(screen), life.signal);
  const tell = () => {
    recording.changedAt = Date.now();
    redraw();
  };
  const stops = [
    watchSession(session, recording, tell),
    ...instances.map((instance) => watchInstance(instance as AxiosInstance, recording, tell)),
    ...followLooks(panel, redraw, () => {
      screen.palette = paletteOf(panel.probes);
    }),
  ];
  listen(screen, redraw, life.signal);
  redraw();
  return () => {
    life.abort();
    for (const stop of stops) stop();
    panel.host.remove();
  };
}

/** @param draw returns whether it is to be called again, without being asked @returns asks for the next frame */
function frames(draw: () => boolean, signal: AbortSignal): () => void {
  let frame = 0;
  const next = () => {
    frame = 0;
    if (draw()) ask();
  };
  const ask = () => {
    if (frame === 0 && !signal.aborted) frame = requestAnimationFrame(next);
  };
  signal.addEventListener('abort', () => cancelAnimationFrame(frame));
  return ask;
}

/** Light or dark, wide or narrow, and the clock. In a page that says nothing of its colours it is as the user prefers. */
function followLooks({ host, root, scroll }: Panel, redraw: () => void, recolour: () => void): (() => void)[] {
  const look = () => {
    const { colorScheme } = getComputedStyle(host);
    host.toggleAttribute('data-plain', colorScheme === 'normal');
    recolour();
    redraw();
  };
  look();
  root.addEventListener('transitionend', look);
  const sizes = new ResizeObserver(redraw);
  sizes.observe(scroll);
  const clock = setInterval(look, TICK);
  return [() => sizes.disconnect(), () => clearInterval(clock)];
}
