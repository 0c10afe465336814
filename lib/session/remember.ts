/** The list with one more item; of more than `most`, the oldest go. */
export function remember<T>(list: readonly T[] | undefined, item: T, most: number): T[] {
  return [...(list ?? []), item].slice(-most);
}
