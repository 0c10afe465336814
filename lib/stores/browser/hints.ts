/** Tells all that listen, in this page and in others, that the register has changed. No data: they read it. */
export function tell(name: string): void {
  const channel = openChannel(name);
  channel?.postMessage(null);
  channel?.close();
}

/**
 * Calls `hear` when the register has changed, and after each time in which that may not have been heard: a page that comes
 * back from the back/forward cache, is looked at again, or is online again.
 */
export function listen(name: string, hear: () => void): () => void {
  let channel: BroadcastChannel | undefined;
  // A function of its own: a listener that is added twice would be heard once, and removed for both.
  const changed = () => hear();
  const open = () => {
    channel = openChannel(name);
    if (channel) channel.onmessage = changed;
  };
  // With an open one, a page in the back/forward cache is thrown away at the first message.
  const close = () => {
    channel?.close();
    channel = undefined;
  };
  const reopen = ({ persisted }: PageTransitionEvent) => {
    if (!persisted) return;
    close();
    open();
    changed();
  };
  const seen = () => {
    if (document.visibilityState === 'visible') changed();
  };
  // Workers have some of them, servers none.
  const heard = [
    [globalThis, 'online', changed],
    [globalThis, 'pagehide', close],
    [globalThis, 'pageshow', reopen],
    [globalThis.document, 'visibilitychange', seen],
  ] as [EventTarget | undefined, string, EventListener][];
  open();
  for (const [target, event, listener] of heard) target?.addEventListener?.(event, listener);
  return () => {
    close();
    for (const [target, event, listener] of heard) target?.removeEventListener?.(event, listener);
  };
}

function openChannel(name: string): BroadcastChannel | undefined {
  try {
    return new BroadcastChannel(name);
  } catch {
    // An old browser, or a page that may share nothing.
    return undefined;
  }
}
