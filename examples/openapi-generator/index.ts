/** A client made by openapi-generator's typescript-axios: `npx tsx examples/openapi-generator/index.ts` */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import axios, { type AxiosStatic } from 'axios';
import { bearer } from 'axios-bearer';
import { apiVideo } from 'axios-bearer/api-video';
import { startApiVideo } from 'axios-bearer/testing';
import { Configuration, OrganizationMainCallsApi, ProjectsApi } from 'qovery-typescript-axios';

export const server = await startApiVideo();
const source = apiVideo({ apiKey: server.apiKey, baseURL: server.url });
const baseURL = `${server.url}/echo`;

try {
  const api = axios.create({ baseURL });
  const session = bearer(api, { source });
  // The cast: these are the types of another axios. Code that was generated into your own sources needs none.
  const organizations = new OrganizationMainCallsApi(new Configuration(), undefined, api as never);
  await organizations.listOrganization();
  console.log(`through our axios ${axios.VERSION}: signed in with the API key`);

  // Without an instance of ours it calls the axios that it brings along.
  const require = createRequire(import.meta.url);
  const ownAxios: AxiosStatic = createRequire(require.resolve('qovery-typescript-axios'))('axios');
  session.install(ownAxios);
  const projects = new ProjectsApi(new Configuration({ basePath: baseURL }));
  await projects.createProject('o1', { name: 'A project' });
  console.log(`through its own axios ${ownAxios.VERSION}: the same session, ${server.stats.apiKey} sign-in`);
  assert.equal(server.stats.apiKey, 1);

  server.expire();
  const ten = Array.from({ length: 10 });
  const calls = [...ten.map(() => organizations.listOrganization()), ...ten.map(() => projects.listProject('o1'))];
  const answers = await Promise.all(calls);
  console.log(`token expired: ${server.stats.refresh} refresh, ${answers.length} of 20 answered`);
  assert.equal(server.stats.refresh, 1);
  session.close();
} finally {
  await server.close();
}
