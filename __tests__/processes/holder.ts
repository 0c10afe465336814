import { storageStore, type TokenStore } from 'axios-bearer';
import { fileStore } from 'axios-bearer/file';
import { answerCalls, contestOf } from '../support/child.js';
import { newHolder, type Remote, type Start } from '../support/holder.js';
import { dieAtStep } from './die-at-step.js';
import { plainFile } from './plain-file.js';

export interface ProcessStart extends Start {
  folder: string;
  /** The control: a file without a lock, which is what many a tool has. */
  isPlain?: boolean;
}

/** A process that holds the session of a folder, and does what its parent tells it to. */
const holder = newHolder((event) => process.send?.({ event }));
let store: TokenStore;

const methods = {
  ...holder,
  start(start: ProcessStart) {
    store = start.isPlain ? storageStore(plainFile(start.folder)) : fileStore(start.folder);
    return holder.start(start, store);
  },
  ...contestOf(() => store),
  read: () => store.read(),
  dieAtStep: (k: number) => dieAtStep(k),
};

type Methods = typeof methods;
export type Call = Remote<Methods>;

answerCalls(methods);
