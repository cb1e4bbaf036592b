/**
 * The Temporal workers of a runner: one for each Task Queue it serves. Batches come through the runner's gate, whichever
 * queue they wait in; planning waits for nobody's batch. Queues of label sets are added when somebody asks for them.
 */
import { type NativeConnection, Worker } from '@temporalio/worker';
import { gatedTuner } from '../adapters/temporal/slots.js';
import type { BaseActivities, BatchActivities, PlanningActivities } from '../domain/activities.js';
import type { FixRunnerActivities } from '../domain/fix/activities.js';
import type { CommandActivities } from '../domain/definitions/execution.js';
import type { Gate } from '../domain/gate.js';
import { hostQueue, labelQueue, PLANNING_QUEUE, RUNNER_QUEUE } from '../domain/names.js';
import { serves } from '../domain/runner-queues.js';
import type { Settings } from './config.js';
import type { Log } from './log.js';

export type RunnerActivities = BatchActivities &
  PlanningActivities &
  BaseActivities &
  FixRunnerActivities &
  CommandActivities;

/** Plans and set-ups wait for nobody's batch. */
const PLANNING_SLOTS = 4;
/** Sets of labels that one runner serves; each costs two workers. */
const MAX_LABEL_SETS = 32;

export interface RunnerWorkersDeps {
  readonly connection: NativeConnection;
  readonly settings: Settings;
  readonly gate: Gate;
  readonly activities: RunnerActivities;
  readonly log: Log;
}

export class RunnerWorkers {
  /** Plans that are being made. */
  planning = 0;
  /** Rejects when a worker broke; resolves after `stop`. */
  readonly done: Promise<void>;
  private readonly workers = new Map<string, Promise<Worker>>();
  private readonly running: Promise<void>[] = [];
  private readonly ended: { resolve: () => void; reject: (error: unknown) => void };
  private stopping = false;

  constructor(private readonly deps: RunnerWorkersDeps) {
    let ended: typeof this.ended = { resolve: () => {}, reject: () => {} };
    this.done = new Promise((resolve, reject) => {
      ended = { resolve, reject };
    });
    this.ended = ended;
  }

  async start(): Promise<void> {
    const { machine } = this.deps.settings;
    const queues = [RUNNER_QUEUE, PLANNING_QUEUE].flatMap((queue) => [queue, hostQueue(queue, machine)]);
    await Promise.all(queues.map((queue) => this.add(queue)));
  }

  /** Serves those of the sets whose labels this runner has. */
  serve(sets: readonly (readonly string[])[]): void {
    const { machine, runner } = this.deps.settings;
    const own = sets.filter((labels) =>
      serves({ host: machine, labels: runner.labels }, { queue: '', labels, host: null }),
    );
    for (const labels of own.slice(0, MAX_LABEL_SETS)) {
      for (const base of [RUNNER_QUEUE, hostQueue(RUNNER_QUEUE, machine)]) {
        const queue = labelQueue(base, labels);
        if (this.workers.has(queue) || this.stopping) continue;
        this.add(queue).catch((error: unknown) => {
          // The next beat tries again.
          this.workers.delete(queue);
          this.deps.log.warn({ err: error, queue }, 'a queue cannot be served yet');
        });
      }
    }
  }

  async stop(): Promise<void> {
    this.stopping = true;
    const all = await Promise.allSettled(this.workers.values());
    for (const made of all) if (made.status === 'fulfilled' && isRunning(made.value)) made.value.shutdown();
    await Promise.allSettled(this.running);
    this.ended.resolve();
  }

  private add(taskQueue: string): Promise<Worker> {
    const made = this.create(taskQueue);
    this.workers.set(taskQueue, made);
    return made;
  }

  private async create(taskQueue: string): Promise<Worker> {
    const { connection, settings, activities, gate } = this.deps;
    const batches = taskQueue.startsWith(RUNNER_QUEUE);
    const worker = await Worker.create({
      connection,
      namespace: settings.namespace,
      taskQueue,
      activities: batches ? activities : this.counted(activities),
      identity: settings.runnerName,
      shutdownGraceTime: settings.runner.graceMs,
      // A cancellation travels on the answer to a heartbeat; by default beats are held back for 8 of 10 seconds.
      maxHeartbeatThrottleInterval: '1 second',
      tuner: batches ? gatedTuner(gate, gate.capacity.slots) : gatedTuner(this.open(), PLANNING_SLOTS),
    });
    const run = worker.run();
    this.running.push(run);
    run.catch((error: unknown) => this.ended.reject(error));
    return worker;
  }

  /** Planning needs an open gate, and no room in it. */
  private open() {
    const { gate } = this.deps;
    return { hasRoom: () => gate.isOpen, onChange: (listener: () => void) => gate.onChange(listener) };
  }

  private counted(activities: RunnerActivities): RunnerActivities {
    return {
      ...activities,
      planRun: async (input) => {
        this.planning++;
        try {
          return await activities.planRun(input);
        } finally {
          this.planning--;
        }
      },
    };
  }
}

const isRunning = (worker: Worker): boolean => worker.getState() === 'RUNNING';
