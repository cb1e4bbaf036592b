/** A runner: executes batches and plans runs. It holds no database, no key and no model's secret. */
import { readSettings } from '../config/config.js';
import { createLog } from '../config/log.js';
import { startRunner } from '../config/runner.js';
import { runProcess } from './lifecycle.js';

await runProcess(async () => {
  const settings = readSettings();
  const log = createLog(settings.runnerName, settings.logLevel);
  const runner = await startRunner(settings, log);
  log.info({}, 'ready');
  return { done: runner.done, stop: () => runner.stop() };
});
