/** Wires a runner: the way to the ledger, the cage, workspaces, adapters, and the workers for its task queues. */
import { availableParallelism } from 'node:os';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createBatchActivities } from '../activities/batch/batches.js';
import { createPlanningActivities } from '../activities/planning.js';
import { httpRunnerApi } from '../adapters/http/runner-api.js';
import { leaseLane } from '../adapters/process/leases.js';
import { removeStaleGroups } from '../adapters/process/cgroup.js';
import { testEnvironment } from '../adapters/process/environment.js';
import { ownTempDir, removeStaleTemp, removeTree } from '../adapters/process/own-temp.js';
import { projectName } from '../adapters/vcs/project-name.js';
import type { BatchActivities, PlanningActivities } from '../domain/activities.js';
import { ProjectProblem } from '../domain/failures.js';
import { hostQueue, PLANNING_QUEUE, RUNNER_QUEUE } from '../domain/names.js';
import { NotFound, type RunnerApi } from '../domain/ports.js';
import type { Settings } from './config.js';
import { faults } from './faults.js';
import type { Log } from './log.js';
import { projectTools } from './project.js';
import { sdkLogger } from './sdk-logger.js';
import { openNative } from './temporal.js';

export interface Runner {
  readonly done: Promise<void>;
  stop(): Promise<void>;
}

/** Time for a batch that is about to end; what is not done by then is taken over by another runner. */
const GRACE = '3 seconds';
/** Plans and set-ups wait for nobody's batch. */
const PLANNING_SLOTS = 4;

export async function startRunner(settings: Settings, log: Log): Promise<Runner> {
  if (!settings.apiUrl || !settings.runnerToken) {
    throw new ProjectProblem(
      'ConfigInvalid',
      'A runner needs BATON_API_URL and BATON_RUNNER_TOKEN: the address of the API and the token of the installation.',
    );
  }
  Runtime.install({ logger: sdkLogger(log), shutdownSignals: [] });
  const connection = await openNative(settings);
  // What a runner that was killed could not clean up itself.
  await removeStaleTemp();
  const spoolDir = await openSpool(join(settings.home, 'spool'));
  await removeStaleGroups();
  const api = faults(settings.faults).around(
    'runner',
    httpRunnerApi({ baseUrl: settings.apiUrl, token: settings.runnerToken }),
  );
  const tools = projectTools(settings, (execution) => isOver(api, execution));
  const workers = await createWorkers(connection, settings, activities(settings, api, tools, spoolDir, log));
  // Told once by each worker that broke; the others then stop too.
  const done = Promise.all(workers.map((w) => w.run())).then(() => undefined);
  return {
    done,
    async stop() {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await done.catch(() => {
        // The process hears of it through `done`; here only the order of closing matters.
      });
      tools.close();
      await removeTree(spoolDir);
      await connection.close();
    },
  };
}

/** A folder of this process's own, so that the spools of runners that were killed are known for what they are, and go. */
async function openSpool(root: string): Promise<string> {
  mkdirSync(root, { recursive: true });
  await removeStaleTemp(root);
  return ownTempDir(root);
}

/** An execution that the ledger has forgotten is over too. */
async function isOver(api: RunnerApi, execution: string): Promise<boolean> {
  try {
    return (await api.run(execution)).status === 'finished';
  } catch (error) {
    if (error instanceof NotFound) return true;
    throw error;
  }
}

type RunnerActivities = BatchActivities & PlanningActivities;

function activities(
  settings: Settings,
  api: RunnerApi,
  tools: ReturnType<typeof projectTools>,
  spoolDir: string,
  log: Log,
): RunnerActivities {
  const cores = availableParallelism();
  const batches = createBatchActivities({
    api,
    cage: tools.cage,
    workspaces: tools.workspaces,
    adapter: tools.adapter,
    runner: settings.runnerName,
    spoolDir,
    cores,
    environment: (suite, extra) => testEnvironment(settings.environment, suite.env, extra),
    lease: (suite, execution, batch) =>
      leaseLane({ lane: `${execution}_${batch}`, ports: suite.leases.ports, database: suite.leases.database }),
    log,
  });
  const planning = createPlanningActivities({
    api,
    cage: tools.cage,
    workspaces: tools.workspaces,
    adapters: tools.adapters,
    project: tools.project,
    projectConfig: tools.projectConfig,
    projectName,
    host: settings.machine,
    cores,
  });
  return { ...batches, ...planning };
}

/** The shared queue and this machine's own, for batches one at a time, for planning several. */
function createWorkers(connection: NativeConnection, settings: Settings, all: RunnerActivities): Promise<Worker[]> {
  const queues = [RUNNER_QUEUE, PLANNING_QUEUE].flatMap((queue) => [queue, hostQueue(queue, settings.machine)]);
  return Promise.all(
    queues.map((taskQueue) =>
      Worker.create({
        connection,
        namespace: settings.namespace,
        taskQueue,
        activities: all,
        identity: settings.runnerName,
        shutdownGraceTime: GRACE,
        // A cancellation travels on the answer to a heartbeat; by default beats are held back for 8 of 10 seconds.
        maxHeartbeatThrottleInterval: '1 second',
        maxConcurrentActivityTaskExecutions: taskQueue.startsWith(RUNNER_QUEUE) ? 1 : PLANNING_SLOTS,
      }),
    ),
  );
}
