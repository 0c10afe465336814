import type { Lane } from './recording.js';
import { HEAD, ROW, timeAt } from './scale.js';
import type { Screen } from './screen.js';
import { lanesSeen, pan, pause, resume, showAll, zoom } from './view.js';

const IN = 1 / 1.5;
const OUT = 1.5;
const STEP = 0.2;

/** Buttons, keys and the pointer. @param redraw called after each of them @param signal ends all of it */
export function listen(screen: Screen, redraw: () => void, signal: AbortSignal): void {
  const { panel } = screen;
  const { buttons, scroll } = panel;
  const on = (target: EventTarget, type: string, act: (event: never) => void) =>
    target.addEventListener(
      type,
      (event) => {
        act(event as never);
        redraw();
      },
      { signal },
    );
  on(buttons.pause, 'click', () => togglePause(screen));
  on(buttons.out, 'click', () => zoomBy(screen, OUT));
  on(buttons.zoomIn, 'click', () => zoomBy(screen, IN));
  on(buttons.fit, 'click', () => showAll(screen.view, screen.recording));
  on(buttons.asTable, 'click', () => toggleTable(screen));
  on(panel.stage, 'keydown', (event) => pressed(screen, event));
  on(scroll, 'scroll', () => {});
  on(scroll, 'pointermove', (event) => {
    screen.hovered = laneAt(screen, event);
  });
  on(scroll, 'pointerleave', () => {
    screen.hovered = undefined;
  });
  on(scroll, 'click', (event) => {
    screen.chosen = laneAt(screen, event);
  });
  scroll.addEventListener('wheel', (event) => void (wheeled(screen, event) && redraw()), { signal, passive: false });
}

function togglePause(screen: Screen): void {
  const { view, recording } = screen;
  if (view.still) resume(view);
  else pause(view, recording, Date.now());
  screen.tabledAt = 0;
  showPaused(screen);
}

function showPaused({ view, panel }: Screen): void {
  const isPaused = view.still !== undefined;
  panel.buttons.pause.setAttribute('aria-pressed', String(isPaused));
}

function zoomBy({ view, recording }: Screen, by: number, at?: number): void {
  zoom(view, recording, by, at);
}

function move(screen: Screen, part: number): void {
  pan(screen.view, screen.recording, part);
  showPaused(screen);
}

function toggleTable(screen: Screen): void {
  const { table, canvas, buttons, scroll } = screen.panel;
  table.hidden = !table.hidden;
  scroll.hidden = canvas.hidden = !table.hidden;
  buttons.asTable.setAttribute('aria-pressed', String(!table.hidden));
  screen.tabledAt = 0;
}

const KEYS: Record<string, (screen: Screen) => void> = {
  ArrowUp: (screen) => choose(screen, -1),
  ArrowDown: (screen) => choose(screen, 1),
  Home: (screen) => choose(screen, Number.NEGATIVE_INFINITY),
  End: (screen) => choose(screen, Number.POSITIVE_INFINITY),
  ArrowLeft: (screen) => move(screen, -STEP),
  ArrowRight: (screen) => move(screen, STEP),
  '+': (screen) => zoomBy(screen, IN),
  '=': (screen) => zoomBy(screen, IN),
  '-': (screen) => zoomBy(screen, OUT),
  '0': ({ view, recording }) => showAll(view, recording),
  p: togglePause,
  t: toggleTable,
  Escape: (screen) => {
    screen.chosen = undefined;
  },
};

/** In the table, arrows scroll as they do anywhere. */
function pressed(screen: Screen, event: KeyboardEvent): void {
  const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  const isForTable = !screen.panel.table.hidden && event.key !== 't';
  if (!act || isForTable || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act(screen);
}

function wheeled(screen: Screen, event: WheelEvent): boolean {
  const isZoom = event.ctrlKey || event.metaKey;
  if (!isZoom && Math.abs(event.deltaX) <= Math.abs(event.deltaY)) return false;
  event.preventDefault();
  if (isZoom) zoomBy(screen, event.deltaY > 0 ? OUT : IN, screen.view.still && timeAt(screen.scale, event.offsetX));
  else move(screen, event.deltaX / screen.scale.width);
  return true;
}

function laneAt({ panel: { scroll }, recording, view }: Screen, { clientY }: MouseEvent): Lane | undefined {
  const y = clientY - scroll.getBoundingClientRect().top;
  const index = Math.floor((y - HEAD + scroll.scrollTop) / ROW);
  return y < HEAD || index >= lanesSeen(view, recording) ? undefined : recording.lanes[index];
}

/** The next one, from the newest on where none is chosen; it is scrolled to. */
function choose(screen: Screen, by: number): void {
  const { recording, view, panel } = screen;
  const count = lanesSeen(view, recording);
  const before = screen.chosen ? recording.lanes.indexOf(screen.chosen) : count - (by < 0 ? 0 : 1);
  const index = Math.max(0, Math.min(count - 1, before + by));
  screen.chosen = recording.lanes[index];
  screen.hovered = undefined;
  const { scroll } = panel;
  const room = scroll.clientHeight - HEAD - ROW;
  scroll.scrollTop = Math.min(index * ROW, Math.max(scroll.scrollTop, index * ROW - room));
}
