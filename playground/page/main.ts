/** Joins the levers of the page with what they do. */
import { mountTimeline } from 'axios-bearer/devtools';
import { type ClientName, type LeverState, type NextRefresh, REFRESH_TIMEOUT } from '../protocol.js';
import { type Client, createPeer } from './client.js';
import { look, pull } from './levers.js';
import { ours, session, signInAs, userName } from './ours.js';
import { Panel } from './panel.js';
import { showSession } from './state.js';
import { joinTabs } from './tabs.js';
import { poll, send } from './traffic.js';

type Traffic = (client: Client, panel: Panel) => Promise<void>;

const AT_ONCE = 500; // calls of each client
const panels = { ours: new Panel('ours'), peer: new Panel('peer') };
let peer: Client | undefined;
panels.ours.show(ours);
panels.peer.show(undefined);

const each = <T extends HTMLElement>(selector: string) => [...document.querySelectorAll<T>(selector)];
const byId = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const onClick = (button: HTMLElement, what: () => unknown) => button.addEventListener('click', what);
const checked = (name: string) => document.querySelector<HTMLInputElement>(`[name=${name}]:checked`)!.value;

/** The same traffic through ours, and through the peer if there is one. */
async function run(traffic: Traffic): Promise<void> {
  await Promise.all([runOne(traffic, ours, panels.ours), peer && runOne(traffic, peer, panels.peer)]);
}

/** The same, one after the other: a browser has no room for two thousand requests under way. */
async function runInTurn(traffic: Traffic): Promise<void> {
  await runOne(traffic, ours, panels.ours);
  if (peer) await runOne(traffic, peer, panels.peer);
}

async function runOne(traffic: Traffic, client: Client, panel: Panel): Promise<void> {
  await traffic(client, panel);
  show(await look());
}

function show({ nextRefresh, isOffline, stats }: LeverState): void {
  document.querySelector<HTMLInputElement>(`[value="${nextRefresh}"]`)!.checked = true;
  byId<HTMLInputElement>('offline').checked = isOffline;
  panels.ours.logged(stats[ours.name]);
  if (peer) panels.peer.logged(stats[peer.name]);
}

async function choosePeer(): Promise<void> {
  const name = checked('peer') as ClientName | '';
  peer = undefined;
  panels.peer.show(undefined);
  const made = name ? await createPeer(name, userName() ?? 'Anna') : undefined;
  if (checked('peer') !== name) return; // another one was chosen meanwhile
  peer = made;
  panels.peer.show(peer);
  // A fault that waits is to be met by both.
  show(await pull('next-refresh', checked('next-refresh') as NextRefresh));
}

async function signIn(user: string): Promise<void> {
  await signInAs(user);
  await choosePeer();
}

/** Offline, nobody can sign in, and no peer has tokens to begin with. */
function tellFailure({ message }: Error): void {
  byId('session').textContent = `Not signed in: ${message}`;
  if (!peer) document.querySelector<HTMLInputElement>('[name=peer][value=""]')!.checked = true;
}

async function signOutMidRefresh(): Promise<void> {
  await pull('next-refresh', 'slow');
  await pull('expire');
  const stop = session.on('refreshing', () => setTimeout(() => session.signOut(), REFRESH_TIMEOUT / 4));
  await run((client, panel) => send(client, panel, 100));
  stop();
}

async function setNetwork(isOffline: boolean): Promise<void> {
  show(await pull('network', isOffline ? 'off' : 'on'));
  dispatchEvent(new Event(isOffline ? 'offline' : 'online')); // as the browser would
}

async function startOver(): Promise<void> {
  await pull('reset');
  location.reload();
}

for (const button of each('[data-send]')) {
  const n = Number(button.dataset.send);
  const play = n > AT_ONCE ? runInTurn : run;
  onClick(button, () => play((client, panel) => send(client, panel, n)));
}
for (const button of each('[data-user]')) {
  onClick(button, () => signIn(button.dataset.user!).catch(tellFailure));
}
for (const radio of each('[name=peer]')) {
  radio.addEventListener('change', () => choosePeer().catch(tellFailure));
}
for (const radio of each<HTMLInputElement>('[name=next-refresh]')) {
  radio.addEventListener('change', async () => show(await pull('next-refresh', radio.value as NextRefresh)));
}
onClick(byId('poll'), () => run((client, panel) => poll(client, panel, 20)));
onClick(byId('expire'), async () => show(await pull('expire')));
onClick(byId('revoke'), async () => show(await pull('revoke')));
onClick(byId('sign-out'), () => session.signOut());
onClick(byId('sign-out-mid-refresh'), signOutMidRefresh);
onClick(byId('reset'), startOver);
const offline = byId<HTMLInputElement>('offline');
offline.addEventListener('change', () => setNetwork(offline.checked));

mountTimeline(byId('timeline'), session, { instances: [ours.api] });
showSession(session, byId('session'));
await joinTabs(session, byId('tab'));
if (!userName()) await signIn('Anna'); // the first tab; others find the session in the store
show(await look());
document.documentElement.dataset.ready = '';
