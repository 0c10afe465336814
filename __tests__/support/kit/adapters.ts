import axios from 'axios';

type AdapterName = 'http' | 'fetch';

function isKnown(adapter: AdapterName): boolean {
  try {
    return Boolean(axios.getAdapter(adapter));
  } catch {
    return false;
  }
}

/** The adapters that this version of axios has. */
export const adapters = (['http', 'fetch'] as const).filter(isKnown);

/** For titles: the version of axios, and its adapters. */
export const onAdapters = adapters.includes('fetch')
  ? `axios ${axios.VERSION}, adapters http and fetch`
  : `axios ${axios.VERSION}, adapter http only: it has no fetch adapter`;
