import { describe, expect, it } from '@jest/globals';
import axios, { type AxiosAdapter, AxiosHeaders } from 'axios';
import type { Config } from '../../lib/interceptors/config.js';
import type { Installation } from '../../lib/interceptors/exchange.js';
import { attach } from '../../lib/interceptors/request.js';

/** Serves no session: a request goes out as it is. */
const installed = () =>
  ({ instance: axios, settings: { whenSignedOut: 'send' }, sessionOf: () => undefined }) as unknown as Installation;
const sends = (config: Config) => (config.adapter as AxiosAdapter)(config);
const configOf = (more: object = {}) => ({ headers: new AxiosHeaders(), ...more }) as Config;

/** An adapter that notes which adapter and transforms stand on the config when it is called. */
function noting() {
  const seen: unknown[] = [];
  const adapter: AxiosAdapter = async (config) => {
    seen.push([config.adapter, config.transformRequest, config.data]);
    return { config, data: '', status: 200, statusText: '', headers: {} };
  };
  return { seen, adapter };
}

describe('what stands in for an adapter', () => {
  const transformRequest = [(data: unknown) => `${data}+`];

  it('gives the place back before the request’s own is called, and runs the transforms in axios’s stead', async () => {
    const { seen, adapter } = noting();
    const config = attach(installed(), configOf({ adapter, transformRequest, data: 'a' }));
    expect(config.adapter).not.toBe(adapter);
    expect(config.transformRequest).toEqual([]);
    await sends(config);
    expect(seen).toEqual([[adapter, transformRequest, 'a+']]);
  });

  it('gives it back on the config that axios was handed, and on the copy that axios may have made', async () => {
    const { adapter } = noting();
    const config = attach(installed(), configOf({ adapter, transformRequest }));
    const copy = { ...config };
    await sends(copy);
    for (const each of [config, copy]) {
      expect([each.adapter, each.transformRequest]).toEqual([adapter, transformRequest]);
    }
  });

  it('leaves an adapter alone that somebody has put there since', async () => {
    const { adapter } = noting();
    const config = attach(installed(), configOf({ adapter }));
    const [ours, theirs] = [config.adapter as AxiosAdapter, noting().adapter];
    config.adapter = theirs;
    await ours({ ...config });
    expect(config.adapter).toBe(theirs);
  });

  it('knows the request’s own of a config that was kept before it was sent, and is sent later', async () => {
    const { seen, adapter } = noting();
    const installation = installed();
    const kept = attach(installation, configOf({ adapter, transformRequest, data: 'a' }));
    await sends(attach(installation, { ...kept, data: 'b' }));
    expect(seen).toEqual([[adapter, transformRequest, 'b+']]);
  });

  it('leaves the transforms to axios where they are its own', () => {
    const config = attach(installed(), configOf({ transformRequest: axios.defaults.transformRequest, data: 'a' }));
    expect(config.transformRequest).toBe(axios.defaults.transformRequest);
  });
});

it('a request that was canceled before is left to axios, which says so', () => {
  const { adapter } = noting();
  const config = configOf({ adapter, signal: AbortSignal.abort() });
  expect(attach(installed(), config)).toBe(config);
  expect(config.adapter).toBe(adapter);
});
