import axios, { type AxiosRequestConfig } from 'axios';

export const api = axios.create();

/** orval's `mutator`: all generated functions go through here. */
export async function customInstance<T>(config: AxiosRequestConfig, options?: AxiosRequestConfig): Promise<T> {
  const { data } = await api.request<T>({ ...config, ...options });
  return data;
}
