/** The control process: API, ledger, workflows and quick activities. */
import { readSettings } from '../config/config.js';
import { startControl } from '../config/control.js';
import { createLog } from '../config/log.js';
import { runProcess } from './lifecycle.js';

await runProcess(async () => {
  const settings = readSettings();
  const log = createLog('control', settings.logLevel);
  const control = await startControl(settings, log);
  log.info({ url: control.url }, 'ready');
  return { facts: { url: control.url }, done: control.done, stop: () => control.stop() };
});
