import { Agent, type IncomingMessage, request, type ServerResponse } from 'node:http';

const agent = new Agent({ keepAlive: true });

/** Hands a request on to an API, so that for the browser page and API are of one origin. */
export function forward(req: IncomingMessage, res: ServerResponse, to: URL): void {
  const { method, headers } = req;
  const onward = request(to, { method, headers, agent });
  onward.on('response', (answer) => answer.pipe(res.writeHead(answer.statusCode ?? 502, answer.headers)));
  onward.on('error', () => res.destroy());
  res.on('close', () => !res.writableFinished && onward.destroy());
  req.pipe(onward);
}
