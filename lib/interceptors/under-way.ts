import type { Exchange } from './exchange.js';

/** Counts a request as on its way until this work is over: a pool does not close its session under it. */
export function underWay<T>({ requests }: Exchange, work: Promise<T>): Promise<T> {
  const { parts } = requests.life;
  parts.underWay++;
  return work.finally(() => void parts.underWay--);
}
