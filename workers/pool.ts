/** A pool of runners as a process of its own: `node dist/workers/pool.js` on each machine of a cluster. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { compiled } from '../config/package.js';
import { readSettings } from '../config/config.js';
import { createLog } from '../config/log.js';
import { connectPool, needsApi, refuseStranger } from '../config/pool.js';
import { runnerEnvironment } from '../config/runner-environment.js';
import { DEFAULT_SCALING } from '../domain/scaling.js';
import { runProcess } from './lifecycle.js';
import { Pool } from './pool/pool.js';
import { LogFile } from './stack/log-file.js';
import { nodePart } from './stack/node-part.js';

const START_TIMEOUT_MS = 90_000;
/** Longer than a runner's own limit, so that it ends by itself. */
const STOP_MARGIN_MS = 17_000;

await runProcess(async () => {
  const settings = readSettings();
  needsApi(settings);
  const api = connectPool(settings.apiUrl, settings.runnerToken);
  await refuseStranger(api.look(settings.machine));
  const log = createLog('pool', settings.logLevel);
  const logs = join(settings.home, 'logs');
  mkdirSync(logs, { recursive: true, mode: 0o700 });
  const prefix = (settings.environment['BATON_RUNNER_NAME'] || settings.machine).replace(/[^\w.@:-]/g, '-');
  const stopTimeoutMs = settings.runner.graceMs + STOP_MARGIN_MS;
  const environment = runnerEnvironment(settings.environment, settings.home);
  const pool = new Pool({
    rules: { ...DEFAULT_SCALING, ...settings.pool },
    prefix,
    host: settings.machine,
    api,
    plan: (name) =>
      nodePart({
        name,
        entry: compiled('workers/runner.js'),
        env: {
          ...environment,
          BATON_RUNNER_TOKEN: settings.runnerToken,
          BATON_RUNNER_NAME: name,
        },
        ports: [],
        log: new LogFile(join(logs, `${name}.log`)),
        startTimeoutMs: START_TIMEOUT_MS,
        stopTimeoutMs,
      }),
    say: (line) => log.info({}, line),
    onChange: () => log.info({ runners: pool.parts.map((part) => `${part.plan.name} ${part.pid}`) }, 'runners'),
  });
  await pool.start();
  return { done: new Promise<void>(() => {}), stop: () => pool.stop(), stopMs: stopTimeoutMs + 1_000 };
});
