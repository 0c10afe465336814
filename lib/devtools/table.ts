import { duration, nameOf, outcomeOf, stepsOf } from './describe.js';
import { make } from './panel.js';
import type { Lane } from './recording.js';

// More rows than a reader goes through, fewer than a page feels.
const ROWS = 100;
const COLUMNS = ['Request', 'Outcome', 'Sent', 'Duration', 'Steps'];

/** The requests as a table, the newest first. */
export function fillTable(place: HTMLElement, lanes: readonly Lane[], seen: number): void {
  const newest = lanes.slice(Math.max(0, seen - ROWS), seen).reverse();
  const text = seen > ROWS ? `The newest ${ROWS} of ${seen} requests` : `${seen} requests, the newest first`;
  const head = COLUMNS.map((column) => cell('th', column, 'col'));
  const table = make(
    'table',
    {},
    make('caption', { text }),
    make('thead', {}, make('tr', {}, ...head)),
    make('tbody', {}, ...newest.map(rowOf)),
  );
  const { scrollTop, scrollLeft } = place;
  place.replaceChildren(table);
  Object.assign(place, { scrollTop, scrollLeft });
}

function rowOf(lane: Lane): HTMLElement {
  const { startedAt, endedAt, sends } = lane;
  const texts = [outcomeOf(lane), `${sends.length} ×`, endedAt === undefined ? '' : duration(endedAt - startedAt)];
  const cells = [...texts, stepsOf(lane).join(', ')].map((text) => cell('td', text));
  return make('tr', {}, cell('th', nameOf(lane), 'row'), ...cells);
}

function cell(tag: 'th' | 'td', text: string, scope?: 'col' | 'row'): HTMLElement {
  const made = make(tag, { text });
  if (scope) made.setAttribute('scope', scope);
  return made;
}
