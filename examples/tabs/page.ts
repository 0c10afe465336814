import axios from 'axios';
import { bearer } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { browserStore } from 'axios-bearer/browser';

const baseURL = location.origin;
const api = axios.create({ baseURL });
const session = bearer(api, {
  store: browserStore(),
  source: apiVideo({ baseURL }),
  skip: ({ url }) => url === '/auth/api-key',
});

const show = (text: string) => document.querySelector('output')!.replaceChildren(text);
const welcome = () => show('Welcome');
const list = async () => show(`Videos: ${(await api.get('/videos')).data.data.length}`);
const onClick = (id: string, what: () => unknown) => document.getElementById(id)!.addEventListener('click', what);

session.on('signedIn', list); // here, or in another tab
session.on('signedOut', welcome);
welcome();

onClick('login', async () => {
  const { data } = await api.post('/auth/api-key', { apiKey: document.querySelector('input')!.value });
  await session.signIn(data);
});
onClick('logout', () => session.signOut());
onClick('upload', () => api.post('/videos', { title: 'Lighthouse' }).then(list));
onClick('reload', list);
