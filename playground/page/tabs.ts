import type { Session } from 'axios-bearer';
import { tabNumber } from './levers.js';

/** Says of each refresh which tab has done it. */
export async function joinTabs(session: Session, element: HTMLElement): Promise<void> {
  sessionStorage.tab ??= await tabNumber(); // kept when the page is loaded again
  const { tab } = sessionStorage;
  const channel = new BroadcastChannel('axios-bearer-playground-refreshes');
  const show = (by?: string) => {
    element.textContent = `This is tab ${tab}. ${by ?? 'No refresh yet.'}`;
  };
  session.on('refreshed', ({ adopted }) => {
    if (adopted) return;
    channel.postMessage(tab);
    show('The last refresh was its own.');
  });
  channel.addEventListener('message', ({ data }) => show(`Tab ${data} did the last refresh.`));
  show();
}
