/** The playground, page and server in one process: `npm run playground`. */
import express from 'express';
import { listen } from '../examples/shared/listen.js';
import { startApis } from './server/apis.js';
import { pageRoutes } from './server/page.js';
import { serverRoutes } from './server/routes.js';

const app = express();
app.use(serverRoutes(await startApis()));
app.use(await pageRoutes());
const { url, server } = await listen(app);
server.keepAliveTimeout = 60_000; // after Node's 5 s a connection may end just as a request takes it up
console.log(`The playground is at ${url}`);
