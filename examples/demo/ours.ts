import { bearer } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import type { Contender } from './peers.js';

export const ours: Contender = {
  name: 'axios-bearer',
  title: 'axios-bearer',
  install: (api, tokens) => {
    bearer(api, { tokens, source: apiVideo({ baseURL: api.defaults.baseURL! }) });
  },
};
