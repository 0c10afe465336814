import { describe, expect, it } from '@jest/globals';
import { AxiosHeaders, type AxiosResponse } from 'axios';
import type { Config } from '../../lib/interceptors/config.js';
import type { Exchange } from '../../lib/interceptors/exchange.js';
import { transform, transformResponse } from '../../lib/interceptors/transform.js';

it('transforms are called as axios calls them: one or several or none, with the config as `this`', () => {
  const config = { name: 'config' } as unknown as Config;
  const message = { data: 'a', headers: { b: 'c' }, status: 200 };
  const calls: unknown[][] = [];
  function note(this: unknown, ...args: unknown[]) {
    calls.push([this, ...args]);
    return `${args[0]}+`;
  }
  expect(transform(undefined, config, message)).toBe('a');
  expect(transform(note as never, config, message)).toBe('a+');
  expect(transform([note, note] as never, config, message)).toBe('a++');
  expect(calls).toEqual([
    [config, 'a', message.headers, 200],
    [config, 'a', message.headers, 200],
    [config, 'a+', message.headers, 200],
  ]);
});

describe('a response', () => {
  const responseOf = (data: string) => ({ data, headers: { a: 'b' }, status: 200 }) as unknown as AxiosResponse;
  const exchangeOf = (transformResponse: unknown) => {
    const config = { headers: new AxiosHeaders() } as Config;
    return { config, transformResponse, transformed: undefined } as unknown as Exchange & {
      config: { response?: unknown };
    };
  };

  it('is transformed once, however often it is asked for', () => {
    const exchange = exchangeOf([(data: string) => `${data}+`]);
    const [first, second] = [responseOf('first'), responseOf('second')];
    transformResponse(exchange, first);
    transformResponse(exchange, first);
    transformResponse(exchange, second);
    expect([first.data, second.data]).toEqual(['first+', 'second+']);
  });

  it('has headers as axios makes them, and stands on the config while its transforms run', () => {
    const seen: unknown[] = [];
    const exchange = exchangeOf(function (this: { response?: unknown }, data: string, headers: unknown) {
      seen.push(this.response, headers);
      return data;
    });
    const response = responseOf('a');
    transformResponse(exchange, response);
    expect(response.headers).toBeInstanceOf(AxiosHeaders);
    expect(seen).toEqual([response, response.headers]);
    expect('response' in exchange.config).toBe(false);
  });

  it('leaves nothing on the config where a transform throws', () => {
    const exchange = exchangeOf(() => {
      throw new SyntaxError('no JSON');
    });
    expect(() => transformResponse(exchange, responseOf('a'))).toThrow('no JSON');
    expect('response' in exchange.config).toBe(false);
  });
});
