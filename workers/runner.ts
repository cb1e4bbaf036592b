/** A runner: executes batches and plans runs. It holds no database, no key and no model's secret. */
import { readSettings } from '../config/config.js';
import { createTailedLog } from '../config/log.js';
import { startRunner } from '../config/runner.js';
import { runProcess } from './lifecycle.js';

await runProcess(async () => {
  const settings = readSettings();
  const { log, tail } = createTailedLog(settings.runnerName, settings.logLevel);
  const runner = await startRunner(settings, log, tail);
  // Said by the supervisor of its pool, which never stops a runner that is busy.
  process.on('message', (message: { retire?: unknown } | null) => {
    if (message?.retire === true) runner.retire();
  });
  log.info({}, 'ready');
  return { done: runner.done, stop: () => runner.stop(), stopMs: settings.runner.graceMs + 12_000 };
});
