import { type IRouter, Router } from 'express';
import { forward } from '../../examples/shared/forward.js';
import { apiPath } from '../protocol.js';
import type { Apis } from './apis.js';

/** What is answered beside the page: `/api/…`, `/levers/…`, `/log` and `/tab`. */
export function serverRoutes(apis: Apis): IRouter {
  const router = Router();
  let tabs = 0;
  for (const [name, { url }] of apis.all) {
    router.use(apiPath(name), (req, res) => {
      // Offline, nothing reaches the API: the connection ends without an answer.
      if (apis.isOffline) return void req.socket.destroy();
      forward(req, res, new URL(url + req.url));
    });
  }
  router.get('/levers', (_, res) => void res.json(apis.state));
  router.post('/levers/:lever{/:value}', ({ params: { lever, value = '' } }, res) => {
    apis.levers[lever]?.(value);
    res.json(apis.state);
  });
  router.get('/log', (_, res) => void res.json(apis.logs));
  router.post('/tab', (_, res) => void res.json(++tabs));
  return router;
}
