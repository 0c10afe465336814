/** What `work` brings, or `late` once so many ms are over. */
export function inTime<T, L>(work: Promise<T>, ms: number, late: L | Promise<L>): Promise<T | L> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise<L>((resolve) => {
    timer = setTimeout(() => resolve(late), ms);
  });
  return Promise.race([work, deadline]).finally(() => clearTimeout(timer));
}
