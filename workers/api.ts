/** An API process of the server shape: HTTP and websocket, no workflows. Several share one PostgreSQL and one artifact store. */
import { readSettings } from '../config/config.js';
import { startControl } from '../config/control.js';
import { createLog } from '../config/log.js';
import { runProcess } from './lifecycle.js';

await runProcess(async () => {
  const settings = { ...readSettings(), roles: new Set(['api'] as const) };
  const log = createLog('api', settings.logLevel);
  const api = await startControl(settings, log);
  log.info({ url: api.url }, 'ready');
  return { facts: { url: api.url }, done: api.done, stop: () => api.stop() };
});
