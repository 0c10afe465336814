interface Ref<T> {
  deref(): T | undefined;
}

/** A list that keeps none of its items alive. On platforms without `WeakRef` it does. */
export class WeakRefs<T extends object> {
  readonly #refs = new Set<Ref<T>>();
  readonly #known = new WeakMap<T, Ref<T>>();

  /** Twice is once. */
  add(item: T): void {
    if (this.#known.has(item)) return;
    const ref = refTo(item);
    this.#known.set(item, ref);
    this.#refs.add(ref);
    forgetLater(item, () => this.#refs.delete(ref));
  }

  delete(item: T): void {
    const ref = this.#known.get(item);
    if (ref) this.#refs.delete(ref);
    this.#known.delete(item);
  }

  /** Those that are still there. */
  get all(): T[] {
    return [...this.#refs].flatMap((ref) => ref.deref() ?? []);
  }
}

/** By itself, as what is called at the end must not see the item. */
function refTo<T extends object>(item: T): Ref<T> {
  return globalThis.WeakRef ? new WeakRef(item) : { deref: () => item };
}

let registry: FinalizationRegistry<() => void> | undefined;

function forgetLater(item: object, forget: () => void): void {
  registry ??= globalThis.FinalizationRegistry && new FinalizationRegistry((collected) => collected());
  registry?.register(item, forget);
}
