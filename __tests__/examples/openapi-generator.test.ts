import { createRequire } from 'node:module';
import { afterEach, describe, expect, it } from '@jest/globals';
import axios, { type AxiosStatic } from 'axios';
import { bearer, isBearerError } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { Configuration, type ConfigurationParameters, ProjectsApi } from 'qovery-typescript-axios';
import { cleanUp, clientOf, closeAtEnd, failureOf, recordEvents, startServer } from '../support/kit.js';
import { printed } from './printed.js';

const require = createRequire(import.meta.url);
const ownAxios: AxiosStatic = createRequire(require.resolve('qovery-typescript-axios'))('axios');
const which = process.env.AXIOS ? 'which AXIOS puts in the place of its own copy' : 'a copy of its own';

afterEach(cleanUp);

/** The generated client over an instance of ours, behind the server's echo. */
async function generated(parameters?: ConfigurationParameters) {
  const server = await startServer();
  const source = apiVideo({ baseURL: server.url });
  const { api, session } = clientOf(server, { source, defaults: { baseURL: `${server.url}/echo` } });
  const projects = new ProjectsApi(new Configuration(parameters), undefined, api as never);
  return { projects, server, session };
}

describe(`a client of openapi-generator, on our axios ${axios.VERSION} and on axios ${ownAxios.VERSION}, ${which}`, () => {
  it('does what the example prints', async () => {
    const { lines, server } = await printed(() => import('../../examples/openapi-generator/index.js'));
    expect(lines).toEqual([
      `through our axios ${axios.VERSION}: signed in with the API key`,
      `through its own axios ${ownAxios.VERSION}: the same session, 1 sign-in`,
      'token expired: 1 refresh, 20 of 20 answered',
    ]);
    expect(axios).not.toBe(ownAxios);
    expect(server.stats).toMatchObject({ apiKey: 1, refresh: 1, reuse: 0, ok: 22 });
  });

  it('replays the body that the generated code has serialized, as it was', async () => {
    const { server, projects } = await generated();
    server.expire();
    const { data } = await projects.createProject('o1', { name: 'Zoë’s' });
    expect(data).toMatchObject({
      path: '/echo/organization/o1/project',
      text: JSON.stringify({ name: 'Zoë’s' }),
      headers: { 'content-type': 'application/json' },
    });
    expect(server.stats).toMatchObject({ unauthorized: 1, refresh: 1, ok: 1 });
  });

  it.each([
    ['a string', 'of my own'],
    ['a function', async () => 'of my own'],
  ])('L15 leaves `accessToken` of a configuration, %s, as it is: the 401 is handed on', async (_, accessToken) => {
    const { server, session, projects } = await generated({ accessToken });
    const seen = recordEvents(session);
    const error = await failureOf(projects.listProject('o1'));
    expect([error.response.status, isBearerError(error)]).toEqual([401, false]);
    expect(seen).toEqual([['skipped', expect.objectContaining({ reason: 'own-authorization' })]]);
    expect(server.stats.refresh).toBe(0);
  });

  it('hands the options of a call on to us', async () => {
    const { server, projects } = await generated();
    await failureOf(projects.listProject('o1', { bearer: false } as object));
    await projects.listProject('o1', { bearer: { minValidity: 60_000 } } as object);
    expect(server.log.map(({ authorized }) => authorized)).toEqual([false, true]);
  });

  it('L8 fails with an error that either axios takes for its own', async () => {
    const server = await startServer();
    closeAtEnd(bearer(ownAxios, { tokens: server.issue(), source: apiVideo({ baseURL: server.url }) }));
    server.expire();
    server.revokeRefreshTokens();
    const configuration = new Configuration({ basePath: `${server.url}/echo` });
    const error = await failureOf(new ProjectsApi(configuration).listProject('o1'));
    expect([ownAxios.isAxiosError(error), axios.isAxiosError(error), isBearerError(error)]).toEqual([true, true, true]);
    expect(error).toMatchObject({ code: 'ERR_BEARER_REJECTED', response: { status: 401 } });
  });
});
