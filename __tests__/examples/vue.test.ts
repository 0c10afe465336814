import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Component, App as Mounted } from 'vue';
import { server, session } from '../../examples/shared/client.js';
import { click, root, shows, text } from '../../examples/shared/page.js';
import { printed } from './printed.js';

// Not before the page is there: Jest loads what is CommonJS ahead of all else.
const { createApp, h, nextTick } = await import('vue');
const { App, useSession } = await import('../../examples/vue/app.js');

let mounted: Mounted;
let complaints: jest.SpiedFunction<typeof console.warn>;

beforeEach(() => {
  complaints = jest.spyOn(console, 'warn').mockImplementation(() => {});
  server.reset();
});

afterEach(async () => {
  mounted.unmount();
  await session.signOut();
  document.body.replaceChildren();
  expect(complaints.mock.calls).toEqual([]);
  complaints.mockRestore();
});

function mount(app: Component): void {
  mounted = createApp(app);
  mounted.mount(root());
}

describe('a session in Vue', () => {
  it('is one for all components: one refresh, and one picture of it', async () => {
    await session.signIn(server.issue());
    server.expire();
    mount({ render: () => [h(App), h(App)] });
    await shows(/Videos.*Videos/);
    expect(server.stats).toMatchObject({ refresh: 1, reuse: 0 });
  });

  it('is refreshed without the user seeing anything of it', async () => {
    await session.signIn(server.issue());
    mount(App);
    await shows(/Videos/);
    const hold = server.hold('/auth/refresh');
    server.expire();
    click('Reload');
    await hold.arrived(1);
    await nextTick();
    expect(session.state.status).toBe('refreshing');
    expect(text()).toMatch(/Videos/);
    hold.release();
    await session.token();
  });

  it('that ends elsewhere shows at once', async () => {
    await session.signIn(server.issue());
    mount(App);
    await shows(/Videos/);
    await session.signOut();
    await nextTick();
    expect(text()).toBe('Welcome. [Sign in]');
  });

  it('tells nothing to a component that was unmounted', async () => {
    let state!: ReturnType<typeof useSession>;
    mount({
      setup() {
        // biome-ignore lint/correctness/useHookAtTopLevel: it is Vue's
        state = useSession();
        return () => state.value.status;
      },
    });
    mounted.unmount();
    await session.signIn(server.issue());
    expect(state.value.status).toBe('signed-out');
    mount(App);
  });
});

// The last one: the example ends with closing the session that all of these share.
it('plays the example', async () => {
  const { lines } = await printed(() => import('../../examples/vue/index.js'));
  expect(lines).toEqual([
    'at first: Welcome. [Sign in]',
    'signed in: Videos: 0. [Reload] [Sign out]',
    'the token had expired: Videos: 1. [Reload] [Sign out]',
    'signed out: Welcome. [Sign in]',
    'the server ended the session: Your session has ended. [Sign in]',
  ]);
});
