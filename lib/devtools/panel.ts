import { SHADES } from './palette.js';
import type { Counts } from './recording.js';
import { styleSheet } from './styles.js';

const COUNTS: Record<keyof Counts, string> = {
  requests: 'requests',
  sent: 'sent',
  refused: '401',
  refreshes: 'refreshes',
  replays: 'replays',
  done: 'done',
  failed: 'failed',
};

const LEGEND = {
  waiting: 'waits',
  wire: 'on the wire',
  refused: '401',
  replay: 'replay',
  done: 'done',
  failed: 'failed',
  refresh: 'refresh',
  token: 'token’s life, hatched: leeway',
};

const HELP =
  'Requests over time. Up and down choose a request, left and right move in time, plus and minus zoom, 0 shows everything, P pauses.';

/** An element of the page, made without markup. */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  { text, ...fields }: { text?: string; className?: string; title?: string; tabIndex?: number } = {},
  ...children: Node[]
): HTMLElementTagNameMap[K] {
  const element = Object.assign(document.createElement(tag), fields);
  if (text !== undefined) element.textContent = text;
  element.append(...children);
  return element;
}

function label<E extends Element>(element: E, role: string, name: string): E {
  element.setAttribute('role', role);
  element.setAttribute('aria-label', name);
  return element;
}

export type Panel = ReturnType<typeof makePanel>;

/** All that is on the page, in a shadow root: the page's styles do not reach it, and ours not the page. */
export function makePanel() {
  const host = make('div');
  const root = host.attachShadow({ mode: 'open' });
  root.adoptedStyleSheets = [styleSheet()];
  const state = makeState();
  const buttons = makeButtons();
  const counts = makeCounts();
  const canvas = make('canvas');
  canvas.setAttribute('aria-hidden', 'true');
  const spacer = make('div');
  const scroll = label(make('div', { className: 'scroll', tabIndex: 0 }, spacer), 'group', HELP);
  const table = label(make('div', { className: 'scroll table', tabIndex: 0 }), 'group', 'Requests as a table');
  table.hidden = true;
  const details = make('p', { className: 'details' });
  details.setAttribute('role', 'status');
  const probes = make('div', { className: 'probes' }, ...SHADES.map((shade) => make('i', { className: shade })));
  const top = make('div', { className: 'top' }, state.element, buttons.element);
  // One is as the page is, one as the panel: their colours tell by an event when light and dark have changed.
  const [sentinel, inner] = [make('i', { className: 'sentinel' }), make('i', { className: 'sentinel' })];
  const stage = make('div', { className: 'stage' }, canvas, scroll, table);
  const shell = make(
    'section',
    { className: 'panel' },
    top,
    counts.element,
    makeLegend(),
    stage,
    details,
    probes,
    inner,
  );
  root.append(sentinel, label(shell, 'region', 'Session timeline'));
  return { host, root, state, buttons, counts, stage, canvas, scroll, spacer, table, details, probes };
}

function makeState() {
  const [status, more] = [make('b'), make('span')];
  const element = make('div', { className: 'state' }, status, document.createTextNode(' '), more);
  return { element, status, more };
}

function makeButtons() {
  const button = (text: string, title: string, className = '') => make('button', { text, title, className });
  const pause = button('Pause', 'Pause (P)', 'pause');
  const [out, zoomIn] = [button('−', 'Zoom out (−)'), button('+', 'Zoom in (+)')];
  for (const each of [out, zoomIn]) each.setAttribute('aria-label', each.title);
  const fit = button('Fit', 'Show everything (0)');
  const asTable = button('Table', 'Show as a table (T)');
  for (const each of [pause, asTable]) each.setAttribute('aria-pressed', 'false');
  const all = make('div', { className: 'buttons' }, pause, out, zoomIn, fit, asTable);
  return { element: label(all, 'group', 'View'), pause, out, zoomIn, fit, asTable };
}

function makeCounts() {
  const values = {} as Record<keyof Counts, HTMLElement>;
  const element = make('dl', { className: 'counts' });
  for (const name of Object.keys(COUNTS) as (keyof Counts)[]) {
    values[name] = make('dd', { text: '0' });
    values[name].dataset.count = name;
    element.append(make('div', {}, make('dt', { text: COUNTS[name] }), values[name]));
  }
  return { element, values };
}

function makeLegend(): HTMLElement {
  const entries = Object.entries(LEGEND).map(([className, text]) =>
    make('li', {}, make('i', { className }), document.createTextNode(text)),
  );
  return make('ul', { className: 'legend' }, ...entries);
}
