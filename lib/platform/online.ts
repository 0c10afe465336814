interface Window {
  addEventListener?(event: 'online', listener: () => void): void;
  removeEventListener?(event: 'online', listener: () => void): void;
}

/** Calls `listener` when a browser is online again. Returns the way to stop; elsewhere nothing is ever told. */
export function onOnline(listener: () => void): () => void {
  const window = globalThis as Window;
  window.addEventListener?.('online', listener);
  return () => window.removeEventListener?.('online', listener);
}
