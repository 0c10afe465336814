// What the README and its reference take for granted.
const OURS = `
  type Core = typeof import('axios-bearer');
  type Session = import('axios-bearer').Session;
  type TokenSource = import('axios-bearer').TokenSource;
  declare const bearer: Core['bearer'];
  declare const createSession: Core['createSession'];
  declare const isBearerError: Core['isBearerError'];
  declare const replayable: Core['replayable'];
  declare const storageStore: Core['storageStore'];
  declare const apiVideo: typeof import('axios-bearer/api-video').apiVideo;
  declare const fakeClock: typeof import('axios-bearer/testing').fakeClock;
  declare const axios: typeof import('axios').default;
  declare const createReadStream: typeof import('node:fs').createReadStream;

  declare const api: import('axios').AxiosInstance;
  declare const billing: import('axios').AxiosInstance;
  declare const session: Session;
  declare const refresh: import('axios-bearer').RefreshFunction;
  declare const saved: { access_token: string; refresh_token: string; expires_in: number };
  declare const tokensOf: { ada: typeof saved; bob: typeof saved };
  declare const apiKey: string;
  declare const delegatedToken: string;
  declare const email: string;
  declare const password: string;
  declare const path: string;
  declare const form: FormData;
  declare const video: object;
  declare const order: object;
  declare const AsyncStorage: {
    getItem(key: string): Promise<string | null>;
    setItem(key: string, value: string): Promise<void>;
    removeItem(key: string): Promise<void>;
  };
  declare const log: Record<'info' | 'warn' | 'error', (facts: object, text: string) => void>;
  declare const metrics: { increment(name: string, labels: object): void };
  declare function showLogin(): void;
  declare function storeOf(user: string): import('axios-bearer').TokenStore;
  interface GraphQLError { extensions?: { code?: string } }

  declare module 'react' {
    export function useSyncExternalStore<T>(
      subscribe: (changed: () => void) => () => void, getSnapshot: () => T, getServerSnapshot?: () => T): T;
  }
`;

/** The pages of the reference that have code. */
export const REFERENCE = [
  'docs/reference/api-video.md',
  'docs/reference/compat.md',
  'docs/reference/cookies.md',
  'docs/reference/errors.md',
  'docs/reference/events.md',
  'docs/reference/oauth2.md',
  'docs/reference/request.md',
  'docs/reference/session.md',
  'docs/reference/source.md',
  'docs/reference/stores.md',
  'docs/reference/testing.md',
  'docs/reference/use.md',
];

/**
 * What each page takes for granted: the names it has imported before, and those that stand for the reader's own code.
 * Nothing here is an axios-bearer of its own making: all types are the package's.
 */
export const PRELUDES: Record<string, string> = {
  'README.md': OURS,
  ...Object.fromEntries(REFERENCE.map((page) => [page, OURS])),
  'docs/many-identities.md': `
  declare const tokens: import('axios-bearer').TokenResponse;`,
  'docs/deployments.md': `
  declare const server: import('node:http').Server;
  declare const session: import('axios-bearer').Session;
  declare const database: { end(): Promise<void> };`,
  'docs/devtools.md': `
  declare const saved: import('axios-bearer').TokenResponse;
  declare const refresh: import('axios-bearer').RefreshFunction;`,
  'docs/serverless.md': `
  declare const session: import('axios-bearer').Session;
  declare const waitUntil: (work: Promise<unknown>) => void;
  declare module 'next/headers' {
    export function cookies(): Promise<{ get(name: string): { value: string } | undefined }>;
  }
  declare module 'next' {
    export type GetServerSideProps = (context: {
      req: { cookies: Partial<Record<string, string>> };
    }) => Promise<{ props: object } | { redirect: { destination: string; permanent: boolean } }>;
  }`,
  // What the services' own packages declare, as far as the page uses it: they are not installed here.
  'docs/lease.md': `
  declare module '@aws-sdk/lib-dynamodb' {
    export class GetCommand { constructor(input: { TableName: string; Key: object; ConsistentRead?: boolean }); }
    export class PutCommand { constructor(input: { TableName: string; Item: object; ConditionExpression?: string; ExpressionAttributeValues?: object }); }
    export interface DynamoDBDocumentClient { send(command: GetCommand | PutCommand): Promise<{ Item?: object }>; }
  }
  declare module 'mongodb' {
    export interface Collection<T> {
      findOne(filter: Partial<T>, options: { readConcern: 'linearizable' }): Promise<T | null>;
      replaceOne(filter: Partial<T>, next: Omit<T, '_id'>, options: { writeConcern: { w: 'majority'; j: boolean } }): Promise<{ matchedCount: number }>;
      insertOne(row: T, options: { writeConcern: { w: 'majority'; j: boolean } }): Promise<object>;
    }
  }
  declare module 'cloudflare:workers' {
    export class DurableObject { ctx: { storage: { get<T>(key: string): Promise<T | undefined>; put(key: string, value: object): Promise<void> } }; }
  }
  interface RowStub {
    read(): Promise<import('axios-bearer/lease').LeaseRow | undefined>;
    write(next: import('axios-bearer/lease').LeaseRow, expected: string | undefined): Promise<boolean>;
  }
  declare const env: { SESSION_ROW: { idFromName(name: string): object; get(id: object): RowStub } };
  interface BearerRow { key: string; revision: string; value: string }
  declare const prisma: { bearerRow: {
    findUnique(query: { where: { key: string } }): Promise<BearerRow | null>;
    createMany(query: { data: BearerRow[]; skipDuplicates: true }): Promise<{ count: number }>;
    updateMany(query: { where: Partial<BearerRow>; data: Partial<BearerRow> }): Promise<{ count: number }>;
  } };
  declare module 'drizzle-orm' {
    export function eq(column: string, value: string): object;
    export function and(...conditions: object[]): object;
  }
  declare const bearerRow: { key: 'key'; revision: 'revision' };
  declare const db: {
    select(): { from(table: object): { where(condition: object): Promise<BearerRow[]> } };
    insert(table: object): { values(row: BearerRow): { onConflictDoNothing(): { returning(columns: object): Promise<object[]> } } };
    update(table: object): { set(row: Partial<BearerRow>): { where(condition: object): { returning(columns: object): Promise<object[]> } } };
  };
  declare function knex(table: string): {
    where(row: Partial<BearerRow>): { first(): Promise<BearerRow | undefined>; update(row: Partial<BearerRow>): Promise<number> };
    insert(row: BearerRow): { onConflict(column: string): { ignore(): { returning(column: string): Promise<object[]> } } };
  };
`,
  'docs/migrate-from-axios-auth-refresh.md': `
  declare const email: string;
  declare const password: string;`,
  'docs/stores.md': `
  declare module 'better-sqlite3' {
    export default class Database {
      constructor(path: string);
      prepare(sql: string): { get(): unknown };
      exec(sql: string): this;
    }
  }`,
  'docs/migrate-from-axios-jwt.md': `
  declare const baseURL: string;
  declare const email: string;
  declare const password: string;`,
  'docs/migrate-from-the-queue-snippet.md': `
  declare const baseURL: string;
  declare const email: string;
  declare const password: string;
  declare const api: import('axios').AxiosInstance;
  declare const bearer: typeof import('axios-bearer').bearer;
  declare const storageStore: typeof import('axios-bearer').storageStore;
  declare const source: import('axios-bearer').RefreshFunction;`,
  'docs/token-endpoints.md': `
  declare const bearer: typeof import('axios-bearer').bearer;
  declare const staticToken: typeof import('axios-bearer').staticToken;
  declare const apiVideo: typeof import('axios-bearer/api-video').apiVideo;
  declare const refreshToken: typeof import('axios-bearer/oauth2').refreshToken;
  declare const clientCredentials: typeof import('axios-bearer/oauth2').clientCredentials;
  declare const api: import('axios').AxiosInstance;
  declare const saved: import('axios-bearer').TokenResponse;
  declare const clientId: string, clientSecret: string, apiKey: string, accountId: string, token: string;
`,
  'node_modules/axios-jwt/README.md': `
  interface ILoginRequest { email: string; password: string }
  declare const axiosInstance: import('axios').AxiosInstance;
  type Entry = typeof import('axios-bearer/axios-jwt');
  declare const applyAuthTokenInterceptor: Entry['applyAuthTokenInterceptor'];
  declare const requestRefresh: import('axios-bearer/axios-jwt').TokenRefreshRequest;`,
};

/** A file of the reader's own, which a page imports. Its first line is its name. */
export const FILES: Record<string, string> = {
  'docs/many-identities.md':
    "// store.ts\nexport declare const storeOf: (key: string) => import('axios-bearer').TokenStore;\n",
  'docs/serverless.md':
    "// store.ts\nexport declare const storeOf: (key: string) => import('axios-bearer').TokenStore;\n",
  'docs/stores.md': "// store.ts\nexport declare const myStore: (name: string) => import('axios-bearer').TokenStore;\n",
};
