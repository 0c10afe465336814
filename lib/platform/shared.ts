/**
 * What all copies of this package in a process know together: an app may have loaded it by `import` and by `require`.
 *
 * @param make called by the first copy; where nothing can be put on `globalThis`, by each
 */
export function shared<T>(name: string, make: () => T): T {
  const key = Symbol.for(`axios-bearer.${name}`);
  const known = Object.getOwnPropertyDescriptor(globalThis, key)?.value as T | undefined;
  if (known) return known;
  const value = make();
  Reflect.defineProperty(globalThis, key, { value, configurable: true });
  return value;
}
