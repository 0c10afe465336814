'use client';

import axios from 'axios';
import { bearer } from 'axios-bearer';
import { useSyncExternalStore } from 'react';

// Evaluated on the server too, which has no page that `/api` belongs to.
const api = axios.create({ baseURL: '/api' });
const session = bearer(api, { source: async (_token, { client }) => (await client.post('/auth/refresh')).data });

export function Status() {
  const state = useSyncExternalStore(session.subscribe, session.getSnapshot, session.getSnapshot);
  return <p>{`The session is ${state.status}`}</p>;
}
