import { invalidToken } from '../http/door.js';
import { readFile } from '../http/multipart.js';
import { json, problem, type Reply } from '../http/reply.js';
import { type ApiRequest, queryValue, readJson } from '../http/request.js';
import type { Route } from '../http/router.js';
import { random } from '../state/random.js';
import type { Videos } from '../state/videos.js';

/** Delegated upload tokens and when each ends: ms since the epoch. */
type UploadTokens = Map<string, number>;

/**
 * Called once per server: delegated uploads. `POST /upload-tokens { ttl }` (seconds; 0, the default, never expires)
 * makes a token; `POST /upload?token=` takes it in place of a Bearer token, and answers 401 without a live one.
 */
export function uploadRoutes(videos: Videos, now: () => number): Route[] {
  const tokens: UploadTokens = new Map();
  return [
    { method: 'POST', path: '/upload-tokens', guard: 'bearer', answer: (request) => mint(tokens, now(), request) },
    {
      method: 'POST',
      path: '/upload',
      guard: 'none',
      answer: (request) => {
        const endsAt = tokens.get(queryValue(request, 'token') ?? '') ?? 0;
        return endsAt > now() ? upload(videos, request) : invalidToken('The upload token is unknown or expired');
      },
    },
  ];
}

function mint(tokens: UploadTokens, now: number, request: ApiRequest): Reply {
  const { ttl = 0 } = readJson(request) ?? {};
  if (typeof ttl !== 'number' || !(ttl >= 0)) return problem(400, 'invalid-attribute', '`ttl` must be seconds, or 0');
  const token = random('to_');
  const endsAt = ttl === 0 ? Number.POSITIVE_INFINITY : now + ttl * 1000;
  tokens.set(token, endsAt);
  return json({ token, ttl, expiresAt: ttl === 0 ? null : new Date(endsAt).toISOString() });
}

async function upload(videos: Videos, request: ApiRequest): Promise<Reply> {
  const file = await readFile(request);
  if (!file) return problem(400, 'invalid-file', 'The body must be multipart/form-data with a file');
  return json(videos.receive(videos.create({ title: file.name }), file), 201);
}
