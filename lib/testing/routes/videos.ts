import { readFile } from '../http/multipart.js';
import { json, problem, type Reply } from '../http/reply.js';
import { type ApiRequest, queryValue, readJson } from '../http/request.js';
import type { Params, Route } from '../http/router.js';
import type { Video, Videos } from '../state/videos.js';

const DEFAULT_PAGE_SIZE = 25; // api.video's

/** Called once per server: videos and their sources, behind a Bearer token. */
export function videoRoutes(videos: Videos): Route[] {
  const one = (answer: (video: Video, request: ApiRequest) => Reply | Promise<Reply>) => withVideo(videos, answer);
  return [
    { method: 'GET', path: '/videos', guard: 'bearer', answer: (request) => list(videos, request) },
    { method: 'POST', path: '/videos', guard: 'bearer', answer: (request) => create(videos, request) },
    { method: 'GET', path: '/videos/:id', guard: 'bearer', answer: one((video) => json(video)) },
    {
      method: 'PATCH',
      path: '/videos/:id',
      guard: 'bearer',
      answer: one((video, request) => edit(videos, video, request)),
    },
    { method: 'DELETE', path: '/videos/:id', guard: 'bearer', answer: one((video) => remove(videos, video)) },
    {
      method: 'POST',
      path: '/videos/:id/source',
      guard: 'bearer',
      answer: one((video, request) => upload(videos, video, request)),
    },
  ];
}

function list(videos: Videos, request: ApiRequest): Reply {
  const all = videos.all();
  const currentPage = Number(queryValue(request, 'currentPage')) || 1;
  const pageSize = Number(queryValue(request, 'pageSize')) || DEFAULT_PAGE_SIZE;
  const data = all.slice((currentPage - 1) * pageSize, currentPage * pageSize);
  const pagesTotal = Math.ceil(all.length / pageSize);
  const pagination = { currentPage, pageSize, pagesTotal, itemsTotal: all.length, currentPageItems: data.length };
  return json({ data, pagination });
}

function create(videos: Videos, request: ApiRequest): Reply {
  const fields = readJson(request);
  if (!fields) return malformed();
  if (typeof fields.title !== 'string') return problem(400, 'attribute-required', 'A video needs a string `title`');
  return json(videos.create(fields), 201);
}

function edit(videos: Videos, video: Video, request: ApiRequest): Reply {
  const fields = readJson(request);
  return fields ? json(videos.edit(video, fields)) : malformed();
}

function remove(videos: Videos, video: Video): Reply {
  videos.remove(video);
  return { status: 204 };
}

async function upload(videos: Videos, video: Video, request: ApiRequest): Promise<Reply> {
  const file = await readFile(request);
  if (!file) return problem(400, 'invalid-file', 'The body must be multipart/form-data with a file');
  return json(videos.receive(video, file), 201);
}

function withVideo(videos: Videos, answer: (video: Video, request: ApiRequest) => Reply | Promise<Reply>) {
  return (request: ApiRequest, { id }: Params) => {
    const video = videos.find(id);
    return video ? answer(video, request) : problem(404, 'not-found', 'No such video');
  };
}

function malformed(): Reply {
  return problem(400, 'invalid-json', 'The body must be a JSON object');
}
