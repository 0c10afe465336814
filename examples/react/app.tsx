import { useEffect, useState, useSyncExternalStore } from 'react';
import { api, login, session } from '../shared/client.js';

export const useSession = () => useSyncExternalStore(session.subscribe, session.getSnapshot);

export function App() {
  const state = useSession();
  // Who has a token is signed in, also while it is being refreshed: that is nothing to show.
  if ('generation' in state) return <Videos />;
  if (state.status === 'refreshing') return 'One moment.';
  return [state.status === 'failed' ? 'Your session has ended.' : 'Welcome.', button('Sign in', login)];
}

function Videos() {
  const [shown, show] = useState('Loading.');
  useEffect(() => {
    const left = new AbortController();
    load(show, left.signal);
    return () => left.abort();
  }, []);
  return [shown, button('Reload', () => load(show)), button('Sign out', () => session.signOut())];
}

function load(show: (text: string) => void, signal?: AbortSignal): void {
  api.get('/videos', { signal }).then(
    ({ data }) => show(`Videos: ${data.pagination.itemsTotal}.`),
    (error) => signal?.aborted || show(error.message),
  );
}

const button = (label: string, onClick: () => unknown) => (
  <button key={label} type="button" onClick={onClick}>
    {label}
  </button>
);
