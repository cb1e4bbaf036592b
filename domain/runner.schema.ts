/** What runners say of themselves, what they are told, and what the API shows of them. */
import { z } from 'zod';
import { BatchId, ExecutionId } from './api.schema.js';
import { Label } from './needs.schema.js';

export const POOL_LIMITS = {
  /** How often a runner says that it lives; what it is told comes back on the answer. */
  beatMs: 2_000,
  /** A runner that is silent for so long is lost. The same as the heartbeat timeout of a batch. */
  lostAfterMs: 10_000,
  /** A lease that nobody renewed for so long is free. */
  leaseMs: 15_000,
  /** A runner that could not renew for so long ends the batch: before the lease can be another's. */
  leaseTrustMs: 11_000,
  /** Kept end of a runner's log. */
  logBytes: 64 * 1024,
  historyPage: 200,
  /** Sets of labels in use that runners are told of. */
  labelSets: 64,
} as const;

export const RunnerName = z.string().regex(/^[\w.@:-]{1,200}$/, 'letters, digits, and . _ @ : - only');

export const RUNNER_STATUSES = ['idle', 'busy', 'draining', 'paused', 'stopped', 'lost'] as const;
export const RunnerStatus = z.enum(RUNNER_STATUSES).meta({
  id: 'RunnerStatus',
  description:
    'idle, busy: takes batches. draining: finishes what it has and ends. paused: finishes what it has and waits. stopped: ended in order. lost: silent for longer than a heartbeat timeout.',
});
export type RunnerStatus = z.infer<typeof RunnerStatus>;

/** What somebody wants of a runner; it follows with its next beat. */
export const Desired = z.enum(['run', 'pause', 'drain', 'stop']).meta({ id: 'DesiredRunnerState' });
export type Desired = z.infer<typeof Desired>;

export const HeldBatch = z
  .strictObject({
    execution: ExecutionId,
    batch: BatchId,
    suite: z.string().max(200),
    fence: z.int().min(1).max(1_000_000_000),
    since: z.iso.datetime(),
    leases: z.array(z.string().max(100)).max(200).describe('Shared things it holds.'),
    token: z
      .string()
      .max(4000)
      .optional()
      .describe(
        'Temporal’s token of this very attempt, in base64. Never shown; only ends this attempt when its runner has died.',
      ),
  })
  .meta({ id: 'HeldBatch' });
export type HeldBatch = z.infer<typeof HeldBatch>;

/** One beat. */
export const RunnerReport = z
  .strictObject({
    name: RunnerName,
    instance: z.string().min(1).max(100).describe('Differs with each start of the process.'),
    first: z
      .boolean()
      .optional()
      .describe('No beat of this process was answered yet: who had its name before is gone.'),
    host: z.string().min(1).max(255),
    pid: z.int().min(1).max(2_147_483_647),
    version: z.string().max(50),
    labels: z.array(Label).max(32),
    memoryMb: z.int().min(0).max(1_000_000_000),
    cpus: z.number().min(0).max(100_000),
    slots: z.int().min(1).max(256).describe('Batches it runs at one time.'),
    capabilities: z.array(z.string().max(100)).max(100).describe('Frameworks it has adapters for.'),
    status: z.enum(['idle', 'busy', 'draining', 'paused', 'stopped']),
    batches: z.array(HeldBatch).max(256),
    log: z.string().max(POOL_LIMITS.logBytes).optional().describe('The end of its log, when it was asked for it.'),
  })
  .meta({ id: 'RunnerReport' });
export type RunnerReport = z.infer<typeof RunnerReport>;

/** The answer to a beat. */
export const RunnerOrders = z
  .object({
    desired: Desired,
    labelSets: z.array(z.array(Label)).describe('Sets of labels that batches under way ask for.'),
    lost: z
      .array(z.object({ execution: z.string(), batch: z.string() }))
      .describe('Batches of the report whose leases have expired: they must end.'),
    log: z.boolean().describe('Somebody wants to read its log.'),
  })
  .meta({ id: 'RunnerOrders' });
export type RunnerOrders = z.infer<typeof RunnerOrders>;

export const RunnerAnswer = z
  .object({
    name: z.string(),
    agent_name: z.string().describe('The same as `name`.'),
    status: RunnerStatus,
    initialized: z.boolean().describe('It has registered and is neither stopped nor lost.'),
    last_heartbeat: z.iso.datetime(),
    desired: Desired,
    host: z.string(),
    pid: z.int(),
    version: z.string(),
    labels: z.array(z.string()),
    memoryMb: z.int(),
    cpus: z.number(),
    slots: z.int(),
    capabilities: z.array(z.string()),
    batches: z.array(HeldBatch),
    startedAt: z.iso.datetime(),
  })
  .meta({ id: 'Runner' });
export type RunnerAnswer = z.infer<typeof RunnerAnswer>;
export const RunnerList = z.object({ items: z.array(RunnerAnswer) }).meta({ id: 'RunnerList' });
export type RunnerList = z.infer<typeof RunnerList>;

export const RunnerBatch = z
  .object({
    execution: z.string(),
    batch: z.string(),
    suite: z.string(),
    fence: z.int(),
    beganAt: z.iso.datetime(),
    endedAt: z.iso.datetime().nullable(),
    outcome: z.string().nullable(),
    died: z.boolean().describe('The runner was lost under it.'),
  })
  .meta({ id: 'RunnerBatch' });
export type RunnerBatch = z.infer<typeof RunnerBatch>;
export const RunnerDetails = RunnerAnswer.extend({
  history: z.array(RunnerBatch).describe('Batches it has begun, newest first.'),
}).meta({ id: 'RunnerDetails' });
export type RunnerDetails = z.infer<typeof RunnerDetails>;

export const RunnerLog = z
  .object({
    name: z.string(),
    text: z.string().describe('The end of its log, at most 64 KiB.'),
    at: z.iso.datetime().nullable().describe('When it was read; null when nothing has been received.'),
  })
  .meta({ id: 'RunnerLog' });
export type RunnerLog = z.infer<typeof RunnerLog>;

export const QueueAnswer = z
  .object({
    queue: z.string().describe('Temporal Task Queue.'),
    labels: z.array(z.string()),
    backlog: z.int().describe('Batches that wait for a runner, as Temporal estimates.'),
    oldestAgeMs: z.number().describe('How long the oldest of them has waited.'),
    pollers: z.array(z.string()).describe('Who has asked Temporal for work in the last minutes.'),
    runners: z.array(z.string()).describe('Live runners that serve it.'),
    unservedSince: z.iso.datetime().nullable().describe('Since when no live runner serves it although batches wait.'),
  })
  .meta({ id: 'Queue' });
export type QueueAnswer = z.infer<typeof QueueAnswer>;
export const QueueList = z
  .object({
    items: z.array(QueueAnswer),
    backlog: z.int(),
    oldestAgeMs: z.number(),
    waitingRuns: z.int().describe('Accepted executions that wait because enough others are under way.'),
  })
  .meta({ id: 'QueueList' });
export type QueueList = z.infer<typeof QueueList>;

// ── pool supervisors ────────────────────────────────────────────────────────────────────────────────────────────────

/** What a supervisor needs to know for its next step. */
export const PoolView = z
  .object({ backlog: z.int(), oldestAgeMs: z.number(), runners: z.array(RunnerAnswer) })
  .meta({ id: 'PoolView' });
export type PoolView = z.infer<typeof PoolView>;

/** What a supervisor did: one step up or down, or the end of a process it saw. */
export const PoolReport = z
  .strictObject({
    runner: RunnerName,
    pid: z.int().min(1).max(2_147_483_647).optional().describe('Of the process that died.'),
    kind: z.enum(['scaled_up', 'scaled_down', 'died']),
    reason: z.string().max(2000),
    log: z.string().max(POOL_LIMITS.logBytes).optional(),
  })
  .meta({ id: 'PoolReport' });
export type PoolReport = z.infer<typeof PoolReport>;

export const HandBack = z
  .strictObject({
    execution: ExecutionId,
    batch: BatchId,
    fence: z.int().min(1).max(1_000_000_000),
    runner: z.string().min(1).max(200),
  })
  .meta({ id: 'HandBack' });
export type HandBack = z.infer<typeof HandBack>;
