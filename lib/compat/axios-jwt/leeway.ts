type Unit =
  | ('years' | 'year' | 'yrs' | 'yr' | 'y')
  | ('months' | 'month' | 'mo')
  | ('weeks' | 'week' | 'w')
  | ('days' | 'day' | 'd')
  | ('hours' | 'hour' | 'hrs' | 'hr' | 'h')
  | ('minutes' | 'minute' | 'mins' | 'min' | 'm')
  | ('seconds' | 'second' | 'secs' | 'sec' | 's')
  | ('milliseconds' | 'millisecond' | 'msecs' | 'msec' | 'ms');
type AnyCase = Unit | Capitalize<Unit> | Uppercase<Unit>;

/** A duration in words, such as `'10s'` or `'5 minutes'`; without a unit: ms. */
export type StringValue = `${number}` | `${number}${AnyCase}` | `${number} ${AnyCase}`;

const SECOND = 1_000;
const DAY = 86_400 * SECOND;
const YEAR = 365.25 * DAY;

const DURATION = /^(-?\d*\.?\d+) *([a-z]*)$/i;
const UNITS: [name: RegExp, ms: number][] = [
  [/^(ms|msecs?|milliseconds?)?$/, 1],
  [/^(s|secs?|seconds?)$/, SECOND],
  [/^(m|mins?|minutes?)$/, 60 * SECOND],
  [/^(h|hrs?|hours?)$/, 3_600 * SECOND],
  [/^(d|days?)$/, DAY],
  [/^(w|weeks?)$/, 7 * DAY],
  [/^(mo|months?)$/, YEAR / 12],
  [/^(y|yrs?|years?)$/, YEAR],
];

/** axios-jwt's own: a token that ends sooner than this is refreshed before the request. */
export const USUAL_LEEWAY = 10 * SECOND;

/** `tokenExpireFudge` in ms; a number means seconds. */
export function leewayOf(fudge: number | StringValue | undefined): number {
  if (typeof fudge === 'number') return fudge * SECOND;
  const [, amount, name = ''] = DURATION.exec(fudge ?? '') ?? [];
  const unit = UNITS.find(([names]) => names.test(name.toLowerCase()));
  return amount && unit ? Number(amount) * unit[1] : USUAL_LEEWAY;
}
