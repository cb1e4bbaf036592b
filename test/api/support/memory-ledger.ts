/** A ledger in memory: enough of the port to ask the API everything in milliseconds. Its rules are the real ledger's, in short. */
import type { BatchSummary } from '../../../domain/batch.schema.js';
import type { BatonEvent, NewEvent } from '../../../domain/events.js';
import type { Plan } from '../../../domain/plan.schema.js';
import {
  type ArtifactRef,
  type BatchTicket,
  FenceRefused,
  type IngestChunk,
  type Ledger,
  NotFound,
} from '../../../domain/ports.js';
import { TicketRefused } from '../../../domain/proof.js';
import { priorityWord } from '../../../domain/priority.js';
import type { Provenance, Run, StartRun } from '../../../domain/run.schema.js';

class BadCursor extends Error {
  override readonly name = 'BadCursor';
}

const unused = (name: string) => (): never => {
  throw new Error(`the memory ledger has no ${name}`);
};

export class MemoryLedger implements Ledger {
  readonly byId = new Map<string, Run>();
  readonly log: BatonEvent[] = [];
  readonly chunks: IngestChunk[] = [];
  readonly files = new Map<string, Map<string, ArtifactRef>>();
  readonly plans = new Map<string, { planDigest: string; plan: Plan }>();
  readonly fences = new Map<string, number>();
  readonly receipts = new Map<string, string>();
  /** When set, every method throws it. */
  broken: Error | undefined;
  /** How often the events table was read. */
  reads = 0;
  private readonly listeners = new Set<() => void>();

  async createRun(id: string, request: StartRun, provenance: Provenance): Promise<Run> {
    if (this.broken) throw this.broken;
    const existing = this.byId.get(id);
    if (existing) return existing;
    const run = aRun(id, request, provenance);
    this.byId.set(id, run);
    this.emit({ type: 'run_accepted', payload: { project: run.project, principal: run.principal } }, id);
    return run;
  }

  async run(id: string): Promise<Run | undefined> {
    if (this.broken) throw this.broken;
    return this.byId.get(id);
  }

  async runs(filter: Parameters<Ledger['runs']>[0]) {
    if (this.broken) throw this.broken;
    if (filter.cursor !== undefined && !/^\d+$/.test(filter.cursor))
      throw new BadCursor('the cursor is not one of ours');
    const from = Number(filter.cursor ?? 0);
    const keys = ['project', 'status', 'verdict', 'branch', 'commit'] as const;
    const all = [...this.byId.values()]
      .reverse()
      .filter((run) => keys.every((key) => filter[key] === undefined || run[key] === filter[key]));
    const items = all.slice(from, from + filter.limit);
    return { items, nextCursor: from + filter.limit < all.length ? String(from + filter.limit) : null };
  }

  async updateRun(id: string, given: Parameters<Ledger['updateRun']>[1]): Promise<Run> {
    const { note, ...change } = given;
    const known = this.known(id);
    const run = { ...known, ...change, notes: note === undefined ? known.notes : [...known.notes, note] };
    this.byId.set(id, run);
    return run;
  }

  async storePlan(id: string, planDigest: string, plan: Plan): Promise<{ planDigest: string }> {
    const first = this.plans.get(id) ?? { planDigest, plan };
    this.plans.set(id, first);
    return { planDigest: first.planDigest };
  }

  async planDigest(id: string): Promise<string | null> {
    return this.plans.get(id)?.planDigest ?? null;
  }

  async beginBatch(execution: string, id: string, _runner: string): Promise<BatchTicket> {
    this.known(execution);
    const batch = this.plans.get(execution)?.plan.batches.find((one) => one.id === id);
    if (!batch) throw new NotFound(`no batch ${id} in ${execution}`);
    const fence = (this.fences.get(`${execution} ${id}`) ?? 0) + 1;
    this.fences.set(`${execution} ${id}`, fence);
    return { final: null, fence, batch, filesDone: [], secret: secretOf(execution, id, fence) };
  }

  async record(chunk: IngestChunk): Promise<void> {
    this.fence(chunk.execution, chunk.batch, chunk.fence, chunk.secret);
    this.chunks.push(chunk);
  }

  async finishBatch(
    ...[execution, batch, fence, , evidence, durationMs, secret]: Parameters<Ledger['finishBatch']>
  ): Promise<BatchSummary> {
    this.fence(execution, batch, fence, secret);
    return {
      batch,
      outcome: evidence.outcome,
      tests: evidence.tests,
      failed: evidence.failed,
      durationMs,
      fence,
      message: evidence.message,
    };
  }

  async results() {
    return { items: [], nextCursor: null };
  }
  async batches() {
    return [];
  }
  async attemptsOf() {
    return [];
  }
  async history() {
    return [];
  }
  async durations() {
    return [{ suite: 'unit', file: 'a.test.ts', meanMs: 12, samples: 3 }];
  }
  async suiteTraits() {
    return [{ suite: 'unit', serial: true, reason: 'failed side by side' }];
  }

  async events(after: number, limit: number, execution?: string): Promise<BatonEvent[]> {
    if (this.broken) throw this.broken;
    this.reads++;
    return this.log
      .filter((event) => event.id > after && (execution === undefined || event.execution === execution))
      .slice(0, limit);
  }

  async appendEvent(event: NewEvent, scope: { execution: string | null }): Promise<void> {
    this.emit(event, scope.execution);
  }

  onEvents(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async addArtifact(execution: string, artifact: ArtifactRef): Promise<void> {
    this.known(execution);
    const files = this.files.get(execution) ?? new Map<string, ArtifactRef>();
    files.set(artifact.name, artifact);
    this.files.set(execution, files);
  }

  async lacking(): Promise<string[]> {
    return [];
  }
  async artifacts(execution: string): Promise<ArtifactRef[]> {
    return [...(this.files.get(execution)?.values() ?? [])];
  }

  async ping(): Promise<void> {
    if (this.broken) throw this.broken;
  }

  async close(): Promise<void> {}

  async batchAttempts() {
    return [];
  }
  async receipt(execution: string): Promise<string | undefined> {
    return this.receipts.get(execution);
  }

  readonly addStage = unused('addStage');
  readonly attempts = unused('attempts');
  readonly storeVerdict = unused('storeVerdict');
  readonly finishRun = unused('finishRun');
  readonly learnDurations = unused('learnDurations');
  readonly setSuiteTrait = unused('setSuiteTrait');
  readonly lastSeen = unused('lastSeen');
  readonly retain = unused('retain');

  /** Appends an event and wakes the listeners, as a commit does; or does not wake them yet. */
  emit(event: NewEvent, execution: string | null = null, wake = true): BatonEvent {
    const seq = execution === null ? null : this.log.filter((one) => one.execution === execution).length + 1;
    // Ids with gaps, as rolled back transactions leave them.
    const id = (this.log.at(-1)?.id ?? 0) + 1 + (this.log.length % 3);
    const row = {
      ...event,
      id,
      seq,
      time: new Date(id * 1000).toISOString(),
      execution,
      project: 'shop',
    } as BatonEvent;
    this.log.push(row);
    if (wake) for (const listener of this.listeners) listener();
    return row;
  }

  finish(id: string, verdict: Run['verdict'] = 'passed'): void {
    this.byId.set(id, { ...this.known(id), status: 'finished', verdict });
  }

  private known(id: string): Run {
    if (this.broken) throw this.broken;
    const run = this.byId.get(id);
    if (!run) throw new NotFound(`no execution has the id ${id}`);
    return run;
  }

  private fence(execution: string, batch: string, fence: number, secret: string | undefined): void {
    if (this.broken) throw this.broken;
    const current = this.fences.get(`${execution} ${batch}`) ?? 0;
    if (fence !== current) throw new FenceRefused(batch, fence, current);
    if (secret !== undefined && secret !== secretOf(execution, batch, fence)) throw new TicketRefused(batch, fence);
  }
}

const secretOf = (execution: string, batch: string, fence: number): string =>
  `secret-of-${execution}-${batch}-${fence}`;

function aRun(id: string, { source, options, priority }: StartRun, provenance: Provenance): Run {
  return {
    id,
    ...provenance,
    source,
    options,
    priority: priorityWord(priority),
    status: 'accepted',
    verdict: null,
    problem: null,
    notes: [],
    sentence: null,
    totals: { passed: 0, failed: 0, skipped: 0, flaky: 0, notRun: 0 },
    expectedFiles: null,
    commit: null,
    dirty: null,
    branch: null,
    temporalRunId: null,
    createdAt: '2026-01-01T00:00:00.000Z',
    startedAt: null,
    endedAt: null,
    durationMs: null,
  };
}
