/**
 * Import it for its effect: axios, and instances created afterwards, have `.use(plugin, options)`.
 *
 * @module axios-bearer/use
 */
import axios, { type AxiosInstance } from 'axios';

/** What plugins of axios look like: `bearer`, `axiosRetry`, and others. */
type Plugin<Options, Result> = (instance: AxiosInstance, options: Options) => Result;

declare module 'axios' {
  interface AxiosInstance {
    /**
     * Call it to install a plugin: `axios.use(bearer, { … })`, `api.use(axiosRetry, { retries: 3 })`. There once
     * `axios-bearer/use` is imported.
     *
     * @returns what the plugin returns
     */
    use<Options, Result>(plugin: Plugin<Options, Result>, options: Options): Result;
    /** For a plugin that can be called in two ways, such as `bearer`. */
    use<First, A, Second, B>(
      plugin: { (instance: AxiosInstance, options: First): A; (instance: AxiosInstance, options: Second): B },
      options: First,
    ): A;
    use<Options, Result>(plugin: (instance: AxiosInstance, options?: Options) => Result, options?: Options): Result;
  }
}

function withUse<I extends AxiosInstance>(instance: I): I {
  if (Object.hasOwn(instance, 'use')) return instance;
  instance.use = (plugin: Plugin<unknown, unknown>, options?: unknown) => plugin(instance, options) as never;
  const { create } = instance;
  if (create) instance.create = (config) => withUse(create.call(instance, config));
  return instance;
}

withUse(axios);
