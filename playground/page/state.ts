import type { Session } from 'axios-bearer';
import { userName } from './ours.js';

/** Keeps saying who is signed in, and with which token. */
export function showSession(session: Session, element: HTMLElement): void {
  const show = () => {
    element.dataset.status = session.state.status;
    element.textContent = describe(session);
  };
  session.subscribe(show);
  show();
}

function describe({ state }: Session): string {
  const isSignedIn = 'generation' in state && state.generation !== undefined;
  if (isSignedIn) return `${userName()} is signed in, with token ${state.generation}`;
  return {
    active: '',
    refreshing: 'Signing in',
    'signed-out': 'Signed out',
    failed: 'The server has ended the session',
  }[state.status];
}
