/** Wires a runner: the way to the ledger, the cage, workspaces, adapters, and the workers for its task queues. */
import { availableParallelism } from 'node:os';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Runtime } from '@temporalio/worker';
import { createBatchActivities } from '../activities/batch/batches.js';
import type { RunnerDeps } from '../activities/batch/deps.js';
import { createPlanningActivities } from '../activities/planning.js';
import { HeldBatches } from '../activities/pool/held.js';
import { Membership } from '../activities/pool/membership.js';
import { httpPoolApi } from '../adapters/http/pool-api.js';
import { httpRunnerApi } from '../adapters/http/runner-api.js';
import { leaseLane } from '../adapters/process/leases.js';
import { removeStaleGroups } from '../adapters/process/cgroup.js';
import { testEnvironment } from '../adapters/process/environment.js';
import { removeStaleTemp } from '../adapters/process/own-temp.js';
import { projectName } from '../adapters/vcs/project-name.js';
import { ProjectProblem } from '../domain/failures.js';
import { Gate } from '../domain/gate.js';
import { NotFound, type RunnerApi } from '../domain/ports.js';
import type { Settings } from './config.js';
import type { Log } from './log.js';
import { projectTools } from './project.js';
import { runnerFacts } from './runner-facts.js';
import { type RunnerActivities, RunnerWorkers } from './runner-workers.js';
import { sdkLogger } from './sdk-logger.js';
import { openNative } from './temporal.js';

export interface Runner {
  /** Ends when the runner was told to leave and has finished, or when a worker broke. */
  readonly done: Promise<void>;
  /** Takes nothing new, finishes what it has; then `done`. */
  retire(): void;
  /** Hands back what is not done within the grace time. */
  stop(): Promise<void>;
}

export async function startRunner(settings: Settings, log: Log, logTail: () => string): Promise<Runner> {
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
  await removeStaleGroups();
  const wire = { baseUrl: settings.apiUrl, token: settings.runnerToken };
  const api = httpRunnerApi(wire);
  const pool = httpPoolApi(wire);
  const tools = projectTools(settings, (execution) => isOver(api, execution));
  const facts = runnerFacts(settings, tools);
  const gate = new Gate(facts);
  const held = new HeldBatches();
  const workers = new RunnerWorkers({
    connection,
    settings,
    gate,
    log,
    activities: activities(settings, api, tools, log, { gate, held, handBack: (key) => pool.handBack(key) }),
  });
  await workers.start();
  const member = new Membership({
    api: pool,
    gate,
    held,
    facts,
    otherWork: () => workers.planning,
    onLabelSets: (sets) => workers.serve(sets),
    logTail,
    log,
  });
  member.start();
  return {
    done: Promise.race([workers.done, member.left]),
    retire: () => member.retire('the pool has a runner too many'),
    async stop() {
      await workers.stop();
      await member.stop();
      tools.close();
      await connection.close();
    },
  };
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

function activities(
  settings: Settings,
  api: RunnerApi,
  tools: ReturnType<typeof projectTools>,
  log: Log,
  pool: Pick<RunnerDeps, 'gate' | 'held' | 'handBack'>,
): RunnerActivities {
  const spoolDir = join(settings.home, 'spool');
  mkdirSync(spoolDir, { recursive: true });
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
    ...pool,
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
