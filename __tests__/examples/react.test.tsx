import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { ReactNode } from 'react';
import type { Root } from 'react-dom/client';
import { server, session } from '../../examples/shared/client.js';
import { click, root, text } from '../../examples/shared/page.js';
import { printed } from './printed.js';

// Not before the page is there: Jest loads what is CommonJS ahead of all else.
const { act, StrictMode, startTransition, useLayoutEffect, useState } = await import('react');
const { createRoot } = await import('react-dom/client');
const { App, useSession } = await import('../../examples/react/app.js');

const environment = globalThis as { IS_REACT_ACT_ENVIRONMENT?: boolean };
const roots: Root[] = [];
let complaints: jest.SpiedFunction<typeof console.error>;

beforeEach(() => {
  environment.IS_REACT_ACT_ENVIRONMENT = true;
  complaints = jest.spyOn(console, 'error').mockImplementation(() => {});
  server.reset();
});

afterEach(async () => {
  environment.IS_REACT_ACT_ENVIRONMENT = true;
  await act(async () => {
    for (const mounted of roots.splice(0)) mounted.unmount();
    await session.signOut();
  });
  document.body.replaceChildren();
  environment.IS_REACT_ACT_ENVIRONMENT = false;
  expect(complaints.mock.calls).toEqual([]);
  complaints.mockRestore();
});

async function mount(app: ReactNode): Promise<Root> {
  const mounted = createRoot(root());
  roots.push(mounted);
  await act(async () => mounted.render(<StrictMode>{app}</StrictMode>));
  return mounted;
}

/** Every text the page shows until it matches. */
async function shown(expected: RegExp): Promise<string[]> {
  const texts = [text()];
  while (!expected.test(texts.at(-1)!)) {
    await act(() => pause(1));
    if (text() !== texts.at(-1)) texts.push(text());
  }
  return texts;
}

const signIn = () => act(() => session.signIn(server.issue()));

describe('a session in React', () => {
  it('is refreshed once though StrictMode mounts everything twice', async () => {
    await signIn();
    server.expire();
    await mount(<App />);
    await shown(/Videos/);
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0 });
  });

  it('is refreshed without the user seeing anything of it', async () => {
    await signIn();
    await mount(<App />);
    await shown(/Videos/);
    const hold = server.hold('/auth/refresh');
    server.expire();
    click('Reload');
    await act(() => hold.arrived(1));
    expect(session.state.status).toBe('refreshing');
    expect(text()).toMatch(/Videos/);
    hold.release();
    await act(() => session.token());
    expect(text()).toMatch(/Videos/);
  });

  it('that ends elsewhere shows at once', async () => {
    await signIn();
    await mount(<App />);
    await shown(/Videos/);
    await act(() => session.signOut());
    expect(text()).toBe('Welcome. [Sign in]');
  });

  it('is asked nothing and tells nothing after its last component was unmounted', async () => {
    await signIn();
    const asked = jest.spyOn(session, 'getSnapshot');
    const mounted = await mount(<App />);
    const hold = server.hold('/videos');
    await shown(/Loading/);
    act(() => mounted.unmount());
    hold.release();
    asked.mockClear();
    await session.signIn(server.issue());
    await pause(5);
    expect(asked.mock.calls).toEqual([]);
    asked.mockRestore();
  });

  it('looks the same to every component of one picture, though it changes while that is drawn', async () => {
    await signIn();
    environment.IS_REACT_ACT_ENVIRONMENT = false; // act would draw it in one go
    const pictures: string[][] = [];
    let begin = () => {};
    let drawn = 0;

    function Slow() {
      const state = useSession();
      const end = performance.now() + 6; // more than React draws before it looks up
      while (performance.now() < end);
      drawn += 1;
      return <i>{JSON.stringify(state)}</i>;
    }
    function Gallery() {
      const [many, setMany] = useState(0);
      begin = () => startTransition(() => setMany(8));
      useLayoutEffect(() => {
        pictures.push([...document.querySelectorAll('i')].map(({ textContent }) => textContent!));
      });
      return Array.from({ length: many }, (_, i) => <Slow key={String(i)} />);
    }

    const mounted = createRoot(root());
    roots.push(mounted);
    mounted.render(<Gallery />);
    while (!pictures.length) await pause(1);
    begin();
    while (drawn < 3) await pause(0);
    expect(document.querySelectorAll('i')).toHaveLength(0); // it is being drawn
    await session.signIn(server.issue());
    while (document.querySelectorAll('i').length < 8) await pause(1);
    for (const picture of pictures) expect(new Set(picture).size).toBeLessThanOrEqual(1);
  });
});

// The last one: the example ends with closing the session that all of these share.
it('plays the example', async () => {
  environment.IS_REACT_ACT_ENVIRONMENT = false;
  const { lines } = await printed(() => import('../../examples/react/index.js'));
  expect(lines).toEqual([
    'at first: Welcome. [Sign in]',
    'signed in: Videos: 0. [Reload] [Sign out]',
    'the token had expired: Videos: 1. [Reload] [Sign out]',
    'signed out: Welcome. [Sign in]',
    'the server ended the session: Your session has ended. [Sign in]',
  ]);
});
