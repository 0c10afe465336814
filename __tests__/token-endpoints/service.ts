/** What an endpoint answers. */
export interface Reply {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

/** What becomes of a request with an access token that is over, for as long as the token endpoint answers so. */
export interface Situation {
  /** For the page: when it answers so, and by what it is known. */
  told: string;
  reply: Reply;
  /** The error's code, or the answer's status. */
  caller: string | number;
  /** `asks again`: a service, which nobody signs in. */
  session: 'kept' | 'over' | 'asks again';
  /** So many times is the token endpoint asked. */
  asked: number;
  /** The access token is not over yet: the refresh was begun ahead. */
  live?: boolean;
}

/** What the endpoint requires of a token request, beside the refresh token. */
export interface Wants {
  method?: 'GET';
  body?: 'json' | 'none';
  /** How the client proves who it is; `id`: a public one. Default: not at all. */
  client?: 'basic' | 'post' | 'id';
  /** What the field of the refresh token is called, if it is not `refresh_token`; `none`: there is no such field. */
  refreshToken?: string;
  /** Further parameters, in the body or, of a GET, in the query. */
  fields?: Record<string, string>;
  query?: Record<string, string>;
  headers?: Record<string, string>;
}

export interface Service {
  name: string;
  /** What a user of it writes. */
  code: string;
  /** Where it is asked, without the host; missing: never. */
  path?: string;
  wants: Wants;
  /** Is a refresh token spent when it is presented? */
  rotates: boolean;
  /** What it answers when all is well. */
  answer(tokens: { access: string; refresh: string }): object;
  /** How the API wants the token. Default: as RFC 6750 has it. */
  bearer?: { header: string; scheme: string };
  situations: Situation[];
  notes: string[];
}

/** `1 + refreshRetries`, by default. */
export const ALL = 4;

const REJECTED = 'ERR_BEARER_REJECTED';
/** s. Longer than a request waits. */
const LONG = { 'Retry-After': '60' };

/** A refusal in the words of RFC 6749 §5.2, or of `isRejected`. */
export const over = (told: string, status: number, body: unknown): Situation => ({
  told,
  reply: { status, body },
  caller: REJECTED,
  session: 'over',
  asked: 1,
});

/** A refusal in words of its own, which is known by its staying the same. */
export const insists = (told: string, status: number, body: unknown): Situation => ({
  ...over(told, status, body),
  asked: ALL,
});

/** A service is refused. */
export const asksAgain = (told: string, status: number, body: unknown): Situation => ({
  ...over(told, status, body),
  session: 'asks again',
});

/** It will pass, and is tried again at once. */
export const kept = (told: string, status: number, body: unknown = '<h1>Sorry</h1>', asked = ALL): Situation => ({
  told,
  reply: { status, body },
  caller: 'ERR_BEARER_UNAVAILABLE',
  session: 'kept',
  asked,
});

/** It will pass, and says when: too late for the request. */
export const putOff = (told: string, body: unknown, headers: Record<string, string> = LONG): Situation => ({
  ...kept(told, 429, body, 1),
  reply: { status: 429, body, headers },
});

/** A good status, and no token. */
export const noToken = (told: string, body: unknown): Situation => ({
  ...kept(told, 200, body),
  caller: 'ERR_BEARER_TOKEN',
});

/** The token endpoint as RFC 6749 has it. */
export const refreshing = (endpoint: string, rest: string): string => `bearer(api, {
  tokens: saved,
  source: refreshToken({
    tokenEndpoint: '${endpoint}',
${rest
  .split('\n')
  .map((line) => `    ${line}`)
  .join('\n')}
  }),
});`;
