/**
 * What an app or a server gave, to be read by name: its own fields, and those of its class. What somebody has put on
 * `Object.prototype` every object seems to have; here it has none of it.
 */
export function own<T extends object>(given: T | null | undefined): Partial<T> {
  return reader(given, (value) => value);
}

/** The same for an object with methods: they are called on it. */
export function ownMethods<T extends object>(given: T | null | undefined): Partial<T> {
  return reader(given, (value) => (typeof value === 'function' ? value.bind(given) : value));
}

type Shown = (value: unknown) => unknown;

// Another object stands in the given one's place: what is frozen there could not be bound.
function reader<T extends object>(given: T | null | undefined, shown: Shown): Partial<T> {
  const get = (name: PropertyKey) => (has(given, name) ? shown(Reflect.get(given as T, name)) : undefined);
  return new Proxy(Object.create(null), {
    get: (_, name) => get(name),
    has: (_, name) => has(given, name),
    // What is read so once may be read so again.
    getOwnPropertyDescriptor: (_, name) => (has(given, name) ? { value: get(name), configurable: true } : undefined),
  });
}

function has(given: object | null | undefined, name: PropertyKey): boolean {
  for (let at = given; at; at = Object.getPrototypeOf(at)) {
    // Object.prototype, of whatever realm.
    if (at !== given && Object.hasOwn(at, 'isPrototypeOf')) return false;
    if (Object.hasOwn(at, name)) return true;
  }
  return false;
}
