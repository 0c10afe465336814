import { storageStore } from 'axios-bearer';
import { browserStore } from 'axios-bearer/browser';
import { newHolder, type Remote, type Start } from '../support/holder.js';

export interface TabStart extends Start {
  /** The control: localStorage, which many an app keeps its tokens in. */
  isPlain?: boolean;
  /** Without BroadcastChannel: a tab learns only what it reads. */
  isDeaf?: boolean;
}

/** What a page does that holds a session together with the other tabs of its origin. */
const tell = (event: string) => console.debug('event:', event, Date.now());
const holder = newHolder(tell);
addEventListener('pageshow', ({ persisted }) => persisted && tell('back'));

const methods = {
  ...holder,
  start(start: TabStart) {
    if (start.isDeaf) Reflect.deleteProperty(globalThis, 'BroadcastChannel');
    return holder.start(start, start.isPlain ? storageStore(localStorage) : browserStore());
  },
  /**
   * Until `url` answers, no timer fires in this tab and no other answer is read; Firefox goes on with messages and
   * with IndexedDB.
   */
  standStill(url: string) {
    const request = new XMLHttpRequest();
    request.open('GET', url, false);
    request.send();
  },
};

export type Call = Remote<typeof methods>;

Object.assign(globalThis, { tab: methods });
