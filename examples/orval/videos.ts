/** In the shape of what orval generates (`client: 'axios-functions'`, with a mutator). */
import { customInstance } from './custom-instance.js';

export type Video = { videoId: string; title: string };
export type VideoPage = { data: Video[] };
type Options = Parameters<typeof customInstance>[1];

export const createVideo = (video: { title: string }, options?: Options) =>
  customInstance<Video>({ url: '/videos', method: 'POST', data: video }, options);

export const listVideos = (params?: { pageSize?: number }, options?: Options) =>
  customInstance<VideoPage>({ url: '/videos', method: 'GET', params }, options);
