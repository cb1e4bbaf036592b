/** Wires a runner: the way to the ledger, the cage, workspaces, adapters, and the workers for its task queues. */
import { availableParallelism } from 'node:os';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Runtime } from '@temporalio/worker';
import { createBaseActivities } from '../activities/base/probe.js';
import { createBatchActivities } from '../activities/batch/batches.js';
import type { RunnerDeps } from '../activities/batch/deps.js';
import { createCommandActivities } from '../activities/definitions/command.js';
import { createPlanningActivities } from '../activities/planning.js';
import { createFixRunnerActivities } from '../activities/fix/runner.js';
import { HeldBatches } from '../activities/pool/held.js';
import { loadWatch } from '../activities/pool/load.js';
import { Membership } from '../activities/pool/membership.js';
import { hostLoad } from '../adapters/host/usage.js';
import { Addresses } from '../adapters/http/addresses.js';
import { httpBaseApi } from '../adapters/http/base-api.js';
import { httpFixApi } from '../adapters/http/fix-api.js';
import { httpPoolApi } from '../adapters/http/pool-api.js';
import { httpRunnerApi, type RunnerApiOptions } from '../adapters/http/runner-api.js';
import { leaseLane } from '../adapters/process/leases.js';
import { removeStaleGroups } from '../adapters/process/cgroup.js';
import { testEnvironment } from '../adapters/process/environment.js';
import { gitOf, untrustedEnvironment } from '../adapters/process/sealing.js';
import { ownTempDir, removeStaleTemp, removeTree } from '../adapters/process/own-temp.js';
import type { Workspaces } from '../adapters/vcs/workspace.js';
import { projectName } from '../adapters/vcs/project-name.js';
import { executionOfWorkspace } from '../domain/blame-ports.js';
import { ProjectProblem } from '../domain/failures.js';
import { type FixApi, fixOfWorkspace } from '../domain/fix/work.schema.js';
import { Gate } from '../domain/gate.js';
import { NotFound } from '../domain/ports.js';
import { type RunnerApi } from '../domain/runner-ports.js';
import type { Settings } from './config.js';
import { every } from './every.js';
import { faults } from './faults.js';
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

const SWEEP_MS = 3_600_000;
/** Short enough that an idle machine is used, long enough that one busy moment is no load. */
const LOAD_MS = 1_000;

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
  const spoolDir = await openSpool(join(settings.home, 'spool'));
  await removeStaleGroups();
  const addresses = new Addresses(settings.apiUrls);
  const wire = { baseUrl: settings.apiUrl, addresses, token: settings.runnerToken };
  const api = faults(settings.faults).around('runner', httpRunnerApi(wire));
  const pool = httpPoolApi(wire);
  const fixes = httpFixApi(wire);
  const tools = projectTools(settings, (name) => isOver(api, fixes, name));
  const sweeping = keepSwept(tools.workspaces, settings, log);
  const facts = runnerFacts(settings, tools);
  const gate = new Gate(facts);
  const held = new HeldBatches();
  const workers = new RunnerWorkers({
    connection,
    settings,
    gate,
    log,
    activities: activities(settings, api, wire, tools, spoolDir, log, {
      gate,
      held,
      handBack: (key) => pool.handBack(key),
    }),
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
  const { limits } = settings.runner;
  const watch = loadWatch({ gate, limits, look: hostLoad(), log });
  const unlimited = limits.processors === null && limits.memory === null;
  const watching = unlimited ? undefined : every(LOAD_MS, 'looking at the load of the machine', watch, log);
  return {
    done: Promise.race([workers.done, member.left]),
    retire: () => member.retire('the pool has a runner too many'),
    async stop() {
      await workers.stop();
      await member.stop();
      clearInterval(sweeping);
      watching?.stop();
      tools.close();
      await removeTree(spoolDir);
      await connection.close();
    },
  };
}

/** Old checkouts are deleted at the start and every hour. Runs never wait for it. */
function keepSwept(spaces: Pick<Workspaces, 'sweep'>, settings: Settings, log: Log): NodeJS.Timeout {
  const limits = { maxAgeMs: settings.workspaceDays * 86_400_000, maxBytes: settings.workspaceMb * 1024 * 1024 };
  const sweep = (): void => {
    spaces.sweep(limits).then(
      (removed) => removed.length > 0 && log.info({ removed }, 'old checkouts were deleted'),
      (error: unknown) => log.warn({ err: error }, 'old checkouts could not be deleted; tried again in an hour'),
    );
  };
  sweep();
  return setInterval(sweep, SWEEP_MS).unref();
}

/** A folder of this process's own, so that the spools of runners that were killed are known for what they are, and go. */
async function openSpool(root: string): Promise<string> {
  mkdirSync(root, { recursive: true });
  await removeStaleTemp(root);
  return ownTempDir(root);
}

/** An execution that the ledger has forgotten is over too. */
async function isOver(api: RunnerApi, fixes: FixApi, workspace: string): Promise<boolean> {
  const fix = fixOfWorkspace(workspace);
  if (fix !== undefined) return fixes.over(fix);
  try {
    return (await api.run(executionOfWorkspace(workspace))).status === 'finished';
  } catch (error) {
    if (error instanceof NotFound) return true;
    throw error;
  }
}

function activities(
  settings: Settings,
  api: RunnerApi,
  wire: RunnerApiOptions,
  tools: ReturnType<typeof projectTools>,
  spoolDir: string,
  log: Log,
  pool: Pick<RunnerDeps, 'gate' | 'held' | 'handBack'>,
): RunnerActivities {
  const cores = availableParallelism();
  const own: RunnerDeps = {
    api,
    cage: tools.cage,
    workspaces: tools.workspaces,
    adapter: tools.adapter,
    runner: settings.runnerName,
    spoolDir,
    cores,
    environment: (suite, extra, trust) =>
      trust === 'trusted'
        ? testEnvironment(settings.environment, suite.env, extra)
        : untrustedEnvironment(settings.environment, suite.env, extra),
    seal: (root, writable) => tools.seal({ root, writable, ...gitOf(root) }),
    lease: (suite, execution, batch) =>
      leaseLane({ lane: `${execution}_${batch}`, ports: suite.leases.ports, database: suite.leases.database }),
    log,
    ...pool,
  };
  const batches = createBatchActivities(own);
  const base = createBaseActivities({ ...own, project: tools.project, base: httpBaseApi(wire) });
  const repair = async () => (await import('../adapters/repair/index.js')).scriptRepair;
  const fixes = createFixRunnerActivities({ ...own, repair, fixes: httpFixApi(wire) });
  const planning = createPlanningActivities({
    api,
    cage: tools.cage,
    workspaces: tools.workspaces,
    bases: tools.bases,
    adapters: tools.adapters,
    project: tools.project,
    projectConfig: tools.projectConfig,
    projectName,
    host: settings.machine,
    cores,
  });
  const commands = createCommandActivities({
    workspaces: tools.workspaces,
    project: tools.project,
    allowed: new Set(settings.runner.shellPrograms),
    scratch: () => ownTempDir(),
  });
  return { ...batches, ...planning, ...base, ...fixes, ...commands };
}
