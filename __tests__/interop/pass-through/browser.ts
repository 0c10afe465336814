import { afterAll } from '@jest/globals';
import { Window } from 'happy-dom';

/** Imported before axios, which looks once, as it is loaded, for what a page has. */
const window = new Window({ settings: { fetch: { disableSameOriginPolicy: true } } });
Object.assign(globalThis, { XMLHttpRequest: window.XMLHttpRequest });
afterAll(() => window.happyDOM.close());
