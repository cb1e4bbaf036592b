/** The result ledger on PGlite (embedded) or PostgreSQL. One dialect, one set of migrations. */
import { sql } from 'kysely';
import type { AnswerStore } from '../../domain/answer-ports.js';
import type { BlameStore } from '../../domain/blame-ports.js';
import type { ExecutionLedger } from '../../domain/executions.js';
import type { FixStore } from '../../domain/fix/store.js';
import type { DefinitionStore } from '../../domain/definitions/store.js';
import type { FailureLedger } from '../../domain/failure-groups.js';
import type { NoticeStore } from '../../domain/notify/store.js';
import type { MetricsLedger } from '../../domain/metrics.js';
import type { LessonStore } from '../../domain/knowledge/lessons.js';
import type { AlertStore, MonitoringStore } from '../../domain/monitoring/ports.js';
import type { ModelBudget } from '../../domain/model/budget.js';
import type { PoolLedger } from '../../domain/pool.js';
import type { Ledger } from '../../domain/ports.js';
import type { ScheduleLedger } from '../../domain/schedules/store.js';
import type { TravelLedger } from '../../domain/time-travel.js';
import type { TriggerStore } from '../../domain/triggers/ports.js';
import { type ApiKeyStore, apiKeyStore } from './api-keys.js';
import { answerStore } from './answers.js';
import { addArtifact, artifacts, keptDigests, lacking } from './artifact-refs.js';
import { blameStore } from './blame.js';
import { listBatchAttempts, listBatches } from './batch-lists.js';
import { beginBatch, finishBatch } from './batches.js';
import { type FaultPoint, read } from './context.js';
import { type EffectStore, effectStore } from './effects.js';
import { appendEvent, readEvents } from './events.js';
import { executionLedger } from './executions.js';
import { fixStore } from './fixes.js';
import { failureGroups } from './failure-groups.js';
import { definitionStore } from './definitions.js';
import { durations, lastSeen, learnDurations, setSuiteTrait, suiteTraits } from './learning.js';
import { type LedgerOptions, type OpenStore, openStore } from './open.js';
import { countingRefusals, metricsStore } from './metrics.js';
import { lessonStore } from './lessons.js';
import { alertStore } from './monitoring/alerts.js';
import { monitoringStore } from './monitoring/index.js';
import { modelCalls } from './model-calls.js';
import { addStage, planDigestOf, storePlan } from './plans.js';
import { type PipelineStore, pipelineStore } from './pipelines.js';
import { poolLedger } from './pool.js';
import { record } from './record.js';
import { attempts, attemptsOf, history, listResults } from './results.js';
import { noticeStore } from './notices.js';
import { receipt } from './receipts.js';
import { retain } from './retention.js';
import { travelLedger } from './travel.js';
import { triggerStore } from './triggers.js';
import { scheduleLedger } from './schedules.js';
import { createRun, findRun, listRuns, updateRun } from './runs.js';
import { finishRun, storeVerdict } from './verdicts.js';

export type { ApiKeyRecord, ApiKeyStore, NewApiKey } from './api-keys.js';
export type { FaultPoint } from './context.js';
export type { Effect, EffectState, EffectStore, NewEffect } from './effects.js';
export { BadCursor, LedgerConflict } from './errors.js';
export type { LedgerOptions } from './open.js';
export { prepareTemplate } from './template.js';

/** The ledger with what only its own process needs. */
export interface StoreLedger extends Ledger {
  readonly keys: ApiKeyStore;
  readonly effects: EffectStore;
  readonly definitions: DefinitionStore;
  readonly metrics: MetricsLedger;
  readonly failures: FailureLedger;
  readonly fixes: FixStore;
  readonly blame: BlameStore;
  readonly model: ModelBudget;
  readonly pipelines: PipelineStore;
  readonly lessons: LessonStore;
  readonly pool: PoolLedger;
  readonly travel: TravelLedger;
  readonly schedules: ScheduleLedger;
  readonly executions: ExecutionLedger;
  readonly notices: NoticeStore;
  readonly triggers: TriggerStore;
  readonly answers: AnswerStore;
  readonly monitoring: MonitoringStore;
  readonly alerts: AlertStore;
  /** Every digest that some execution still names; for `ArtifactStore.sweep`. */
  keptDigests(): Promise<Set<string>>;
}

/**
 * Opens the database, brings its schema up to date and returns the ledger. Throws `ProjectProblem` (`StoreUnavailable`,
 * `DiskFull`) with what to do. `faults` is called around every commit, for tests.
 */
export async function openLedger(options: LedgerOptions, faults: FaultPoint = () => undefined): Promise<StoreLedger> {
  return ledgerOf(await openStore(options, faults));
}

/** The ledger on an open store. */
export function ledgerOf(store: OpenStore): StoreLedger {
  return {
    createRun: (id, request, provenance, origin) => createRun(store, id, request, provenance, origin),
    run: (id) => findRun(store, id),
    runs: (filter) => listRuns(store, filter),
    updateRun: (id, change) => updateRun(store, id, change),
    storePlan: (id, digest, plan) => storePlan(store, id, digest, plan),
    planDigest: (id) => planDigestOf(store, id),
    addStage: (id, stage, batches, reason) => addStage(store, id, stage, batches, reason),
    beginBatch: (execution, batch, runner, waitMs) => beginBatch(store, execution, batch, runner, waitMs),
    record: (chunk) => countingRefusals(store, () => record(store, chunk)),
    finishBatch: (execution, batch, fence, runner, evidence, durationMs, secret) =>
      countingRefusals(store, () =>
        finishBatch(store, { execution, batch, fence, runner, evidence, durationMs, secret }),
      ),
    batches: (execution) => listBatches(store, execution),
    batchAttempts: (execution) => listBatchAttempts(store, execution),
    attempts: (execution) => attempts(store, execution),
    attemptsOf: (execution, testId) => attemptsOf(store, execution, testId),
    storeVerdict: (id, verdict, results, proof) => storeVerdict(store, id, verdict, results, proof),
    receipt: (execution) => receipt(store, execution),
    finishRun: (id) => finishRun(store, id),
    results: (execution, filter) => listResults(store, execution, filter),
    history: (project, testId, limit) => history(store, project, testId, limit),
    durations: (project) => durations(store, project),
    learnDurations: (execution) => learnDurations(store, execution),
    suiteTraits: (project) => suiteTraits(store, project),
    setSuiteTrait: (project, trait) => setSuiteTrait(store, project, trait),
    lastSeen: (project, execution) => lastSeen(store, project, execution),
    events: (after, limit, execution) => readEvents(store, after, limit, execution),
    appendEvent: (event, scope) => appendEvent(store, event, scope),
    onEvents: (listener) => store.listen(listener),
    addArtifact: (execution, artifact) => addArtifact(store, execution, artifact),
    artifacts: (execution) => artifacts(store, execution),
    lacking: (names, endedAfter, limit) => lacking(store, names, endedAfter, limit),
    keptDigests: () => keptDigests(store),
    retain: (rawDays, summaryDays) => retain(store, rawDays, summaryDays),
    keys: apiKeyStore(store),
    effects: effectStore(store),
    triggers: triggerStore(store),
    answers: answerStore(store),
    definitions: definitionStore(store),
    metrics: metricsStore(store),
    failures: failureGroups(store),
    fixes: fixStore(store),
    blame: blameStore(store),
    model: modelCalls(store),
    pipelines: pipelineStore(store),
    lessons: lessonStore(store),
    pool: poolLedger(store),
    travel: travelLedger(store),
    schedules: scheduleLedger(store),
    executions: executionLedger(store),
    notices: noticeStore(store),
    monitoring: monitoringStore(store),
    alerts: alertStore(store),
    ping: () => read(store, async (db) => void (await sql`SELECT 1 FROM runs LIMIT 1`.execute(db))),
    close: () => store.close(),
  };
}
