import { storageStore, type TokenStore } from 'axios-bearer';
import { fileStore } from 'axios-bearer/file';
import { plainFile } from './plain-file.js';

/** Where a session rests, as it is told to a process. */
export type StoreAt =
  | { store: 'file'; folder: string }
  /** The control: a file without a lock, which is what many a tool has. */
  | { store: 'plainFile'; folder: string };

export interface Opened {
  readonly store: TokenStore;
  /** Ends the client of its engine, as a deployment does. */
  end(): Promise<void>;
}

const nothingToEnd = async () => {};

export async function openStore(at: StoreAt): Promise<Opened> {
  switch (at.store) {
    case 'file':
      return { store: fileStore(at.folder), end: nothingToEnd };
    case 'plainFile':
      return { store: storageStore(plainFile(at.folder)), end: nothingToEnd };
  }
}
