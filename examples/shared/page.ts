/** A browser's page for React and Vue. To be imported before them: they look for it at once. */
import { setTimeout as pause } from 'node:timers/promises';
import { Window } from 'happy-dom';

// Vue waits 3 s for its devtools, but not in jsdom.
const window = new Window({ settings: { navigator: { userAgent: 'happy-dom, like jsdom' } } });
const { document, navigator, Element, SVGElement } = window;
for (const [name, value] of Object.entries({ window, document, navigator, Element, SVGElement })) {
  Object.defineProperty(globalThis, name, { value, configurable: true });
}

const PATIENCE = 4_000; // ms

/** The place for an app to be mounted in. */
export function root(): HTMLElement {
  return globalThis.document.body.appendChild(globalThis.document.createElement('div'));
}

/** What the user reads, on one line; a button as `[its label]`. */
export function text(): string {
  const line = document.body.innerHTML.replace(/\s*<button[^>]*>(.*?)<\/button>/g, ' [$1]');
  return line.replace(/<[^>]*>/g, '').trim();
}

/** The same, once it matches. */
export async function shows(expected: RegExp): Promise<string> {
  const end = Date.now() + PATIENCE;
  while (!expected.test(text())) {
    if (Date.now() > end) throw new Error(`Expected ${expected}, but the page shows: ${text()}`);
    await pause(2);
  }
  return text();
}

/** What the user does. */
export function click(label: string): void {
  const button = [...document.querySelectorAll('button')].find(({ textContent }) => textContent === label);
  if (!button) throw new Error(`There is no button "${label}"; the page shows: ${text()}`);
  button.click();
}
