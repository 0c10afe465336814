import type { DefaultTheme } from 'vitepress';
import { placeOf } from './places.js';

type Page = readonly [text: string, page: string];

interface Group {
  readonly text: string;
  readonly pages: readonly Page[];
}

/** Each page of docs/ stands here once, and so do those beside it that the site has. */
export const groups: readonly Group[] = [
  {
    text: 'By problem',
    pages: [
      ['A login form and a refresh cookie', 'docs/guides/spa-refresh-cookie.md'],
      ['React Native', 'docs/guides/react-native.md'],
      ['Next.js and SSR', 'docs/guides/nextjs.md'],
      ['Client credentials', 'docs/guides/client-credentials.md'],
      ['NestJS', 'docs/guides/nestjs.md'],
      ['Many tenants', 'docs/guides/many-tenants.md'],
      ['Several tabs', 'docs/guides/several-tabs.md'],
      ['Many processes', 'docs/guides/many-processes.md'],
      ['A CLI', 'docs/guides/cli.md'],
      ['A login dialog', 'docs/guides/login-dialog.md'],
      ['GraphQL', 'docs/guides/graphql.md'],
      ['Uploads', 'docs/guides/uploads.md'],
      ['api.video', 'docs/guides/api-video.md'],
      ['Coming from …', 'docs/guides/coming-from.md'],
    ],
  },
  {
    text: 'Reference',
    pages: [
      ['README', 'README.md'],
      ['Options', 'docs/reference/options.md'],
      ['Your own refresh function', 'docs/reference/source.md'],
      ['OAuth 2', 'docs/reference/oauth2.md'],
      ['api.video', 'docs/reference/api-video.md'],
      ['Cookies', 'docs/reference/cookies.md'],
      ['The session', 'docs/reference/session.md'],
      ['One request', 'docs/reference/request.md'],
      ['What happens to a request', 'docs/reference/recovery.md'],
      ['Errors', 'docs/reference/errors.md'],
      ['Events', 'docs/reference/events.md'],
      ['Where a session is kept', 'docs/reference/stores.md'],
      ['axios.use', 'docs/reference/use.md'],
      ['Coming from another package', 'docs/reference/compat.md'],
      ['Testing your own app', 'docs/reference/testing.md'],
      ['Questions', 'docs/reference/faq.md'],
      ['Limits', 'docs/reference/limits.md'],
      ['How it is tested', 'docs/reference/tested.md'],
    ],
  },
  {
    text: 'See it',
    pages: [
      ['The playground', 'docs/see-it.md'],
      ['On the screen of your app', 'docs/devtools.md'],
      ['What it costs', 'docs/bench/README.md'],
    ],
  },
  {
    text: 'Servers and platforms',
    pages: [
      ['Faults', 'docs/faults.md'],
      ['Token endpoints', 'docs/token-endpoints.md'],
      ['Platforms', 'docs/platforms.md'],
    ],
  },
  {
    text: 'One session for several',
    pages: [
      ['Stores: files, SQLite, tabs', 'docs/stores.md'],
      ['Redis', 'docs/redis.md'],
      ['PostgreSQL', 'docs/postgres.md'],
      ['Leases', 'docs/lease.md'],
      ['Many identities', 'docs/many-identities.md'],
      ['Deployments', 'docs/deployments.md'],
      ['Serverless', 'docs/serverless.md'],
      ['What the stores went through', 'docs/fleet.md'],
    ],
  },
  {
    text: 'Beside other packages',
    pages: [
      ['Neighbours', 'docs/neighbours.md'],
      ['Clients', 'docs/clients.md'],
      ['Examples', 'examples/README.md'],
    ],
  },
  {
    text: 'Coming from elsewhere',
    pages: [
      ['axios-auth-refresh', 'docs/migrate-from-axios-auth-refresh.md'],
      ['axios-jwt', 'docs/migrate-from-axios-jwt.md'],
      ['The queue snippet', 'docs/migrate-from-the-queue-snippet.md'],
      ['api.video’s client', 'docs/migrate-from-api-video-client.md'],
    ],
  },
  {
    text: 'The project',
    pages: [
      ['The laws', 'CONTRIBUTING.md'],
      ['Security', 'SECURITY.md'],
      ['Changelog', 'CHANGELOG.md'],
      ['Licences', 'THIRD-PARTY-LICENSES.md'],
    ],
  },
];

export const sidebar: DefaultTheme.SidebarItem[] = groups.map(({ text, pages }) => ({
  text,
  items: pages.map(([text, page]) => ({ text, link: `/${placeOf(page)}` })),
}));
