import { storageStore, type TokenStore } from 'axios-bearer';
import { fileStore } from 'axios-bearer/file';
import { leaseStore } from 'axios-bearer/lease';
import { httpEngine } from '../support/engines/conditional-put.js';
import { plainFile } from './plain-file.js';

/** Where a session rests, as it is told to a process. */
export type StoreAt =
  | { store: 'file'; folder: string }
  /** The control: a file without a lock, which is what many a tool has. */
  | { store: 'plainFile'; folder: string }
  /** A row of a key-value service over HTTP. */
  | { store: 'conditionalPut'; url: string; row: string };

export interface StoreOptions {
  /** Of the stores that have a lease. */
  readonly leaseMs?: number;
}

export interface Opened {
  readonly store: TokenStore;
  /** Ends the client of its engine, as a deployment does. */
  end(): Promise<void>;
}

const nothingToEnd = async () => {};

export async function openStore(at: StoreAt, options: StoreOptions): Promise<Opened> {
  switch (at.store) {
    case 'file':
      return { store: fileStore(at.folder), end: nothingToEnd };
    case 'conditionalPut':
      return { store: leaseStore(httpEngine(at.url, at.row), options), end: nothingToEnd };
    case 'plainFile':
      return { store: storageStore(plainFile(at.folder)), end: nothingToEnd };
  }
}
