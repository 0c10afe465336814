import { defineComponent, onScopeDispose, ref, shallowReadonly, shallowRef } from 'vue';
import { api, login, session } from '../shared/client.js';

/** The session's state, for as long as the component lives that asks for it. */
export function useSession() {
  const state = shallowRef(session.getSnapshot());
  const changed = () => {
    state.value = session.getSnapshot();
  };
  onScopeDispose(session.subscribe(changed));
  return shallowReadonly(state);
}

const Videos = defineComponent({
  setup() {
    const shown = ref('Loading.');
    const show = async () => {
      const { data } = await api.get('/videos');
      shown.value = `Videos: ${data.pagination.itemsTotal}.`;
    };
    const load = () => show().catch(({ message }) => (shown.value = message));
    load();
    return { shown, load, signOut: () => session.signOut() };
  },
  template: `{{ shown }} <button @click="load">Reload</button> <button @click="signOut">Sign out</button>`,
});

export const App = defineComponent({
  components: { Videos },
  setup: () => ({ state: useSession(), login }),
  // Who has a token is signed in, also while it is being refreshed: that is nothing to show.
  template: `
    <Videos v-if="'generation' in state" />
    <template v-else-if="state.status === 'refreshing'">One moment.</template>
    <template v-else>
      {{ state.status === 'failed' ? 'Your session has ended.' : 'Welcome.' }}
      <button @click="login">Sign in</button>
    </template>`,
});
