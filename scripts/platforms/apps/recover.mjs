/** Three requests at once with a token that the server refuses. `api` and `session` are made here, or given. */
export async function recover(axios, bearer, { baseURL, tokens, ...options }) {
  const api = axios.create({ baseURL, ...options });
  const session = bearer(api, {
    tokens,
    source: async ({ refreshToken }, { client }) => (await client.post('/auth/refresh', { refreshToken })).data,
  });
  const answers = await Promise.all([
    api.get('/videos'),
    api.get('/videos'),
    api.post('/videos', { title: 'arrived whole' }),
  ]);
  return {
    statuses: answers.map(({ status }) => status),
    title: answers[2].data.title,
    session: session.state.status,
  };
}
