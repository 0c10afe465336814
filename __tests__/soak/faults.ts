import type { Fault } from 'axios-bearer/testing';

/** A request names in this header the fault that it is to meet: each is asked for, so each failure can be accounted for. */
export const HEADER = 'x-fault';

/** What the servers can play. */
export const FAULTS = {
  down: { status: 503 },
  throttled: { status: 429, headers: { 'retry-after': '1' } },
  refused: { status: 400 },
  reset: 'reset',
  'reset-after-headers': 'reset-after-headers',
  'cut-body': 'cut-body',
  'truncated-json': 'truncated-json',
  html: 'html',
  empty: 'empty',
  hang: 'hang',
  lost: 'lost',
  slow: { delay: 40 },
  drip: { drip: 1 },
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof FAULTS;

/** One that is played once: the 401 that a request with a live token meets, as after a change of keys. */
export const ONCE = 'unauthorized-once';

/** On the resource. One that hangs is only for requests with a timeout. */
export const ON_RESOURCE = [
  'down',
  'throttled',
  'reset',
  'reset-after-headers',
  'cut-body',
  'truncated-json',
  'html',
  'empty',
  'hang',
  'slow',
  'drip',
  ONCE,
] as const satisfies (FaultName | typeof ONCE)[];

/** On the token endpoint. `refused` and `lost` cost the refresh token; where an API key stands behind it, no session. */
export const ON_TOKENS = Object.keys(FAULTS) as FaultName[];

/** Those after which the refresh token is as good as before: what a real server with reuse detection is met with. */
export const HARMLESS = ['down', 'reset', 'html'] as const satisfies FaultName[];

export type ResourceFault = (typeof ON_RESOURCE)[number];

/** What a caller gets: an answer, or an error. */
export interface Got {
  status?: number | undefined;
  data?: unknown;
  error?: { code?: string; response?: { status: number } };
}

const broken = ({ error, status = 200 }: Got) => Boolean(error) && status === 200 && !isOurs(error?.code);
const text =
  (start: string) =>
  ({ data }: Got) =>
    typeof data === 'string' && data.startsWith(start);
const answered =
  (wanted: number) =>
  ({ status }: Got) =>
    status === wanted;

/** What the fault makes of the answer. Those that are missing leave it right. */
export const EFFECTS: Partial<Record<ResourceFault, (got: Got) => boolean>> = {
  down: answered(503),
  throttled: answered(429),
  reset: broken,
  'reset-after-headers': broken,
  'cut-body': broken,
  'truncated-json': text('{"token_type"'),
  html: text('<!doctype'),
  empty: answered(204),
  // Its caller's timeout ends it.
  hang: () => false,
};

/** Does it end an attempt at the token endpoint? */
export function failsAttempt(fault: FaultName | undefined): boolean {
  return fault !== undefined && fault !== 'slow' && fault !== 'drip';
}

export function isOurs(code: string | undefined): boolean {
  return Boolean(code?.startsWith('ERR_BEARER_'));
}
