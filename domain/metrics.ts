/** What is measured, where it comes from, and the series it becomes. Counters come from the ledger: every API process says the same. */

/** Upper bounds in seconds of the buckets that the ledger counts. */
export const BUCKETS = {
  run: [1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600],
  batch: [0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1_800],
  queueWait: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1_800],
} as const;
export type Measured = keyof typeof BUCKETS;

/** One counter of the ledger: what is counted, of which kind, how many. A bucket's label is its number from 0. */
export interface LedgerCounter {
  readonly name: string;
  readonly label: string;
  readonly value: number;
}

export interface LedgerFacts {
  readonly counters: readonly LedgerCounter[];
  /** Executions that are not finished, by status. */
  readonly open: readonly { readonly status: string; readonly count: number }[];
  readonly databaseBytes: number;
  /** As the database estimates them. */
  readonly tables: readonly { readonly table: string; readonly rows: number }[];
}

/** What happened within a window of time. Durations in milliseconds, null where nothing was measured. */
export interface WindowFacts {
  readonly batches: readonly {
    readonly runner: string;
    readonly outcome: string;
    readonly count: number;
    readonly totalMs: number;
  }[];
  readonly batchP95Ms: number | null;
  readonly queueWait: { readonly meanMs: number | null; readonly p95Ms: number | null };
  readonly suites: readonly {
    readonly project: string;
    readonly suite: string;
    readonly tests: number;
    readonly meanMs: number;
    readonly p95Ms: number;
  }[];
  readonly totals: { readonly passed: number; readonly failed: number; readonly flaky: number };
  readonly retried: number;
  readonly passedAfterRetry: number;
  /** Executions of `autoFix` whose verification ended. */
  readonly fixes: { readonly attempted: number; readonly verified: number };
}

export interface MetricsLedger {
  /** From counts over indexes; milliseconds for thousands of executions. */
  facts(): Promise<LedgerFacts>;
  window(hours: number): Promise<WindowFacts>;
  /** Batches that a runner holds now, by its name. */
  busy(): Promise<readonly { readonly runner: string; readonly batches: number }[]>;
}

export interface QueueFacts {
  readonly queue: string;
  readonly kind: 'workflow' | 'activity';
  /** Tasks that wait, as Temporal estimates them. */
  readonly depth: number;
  /** How long the oldest one has waited, in seconds. */
  readonly oldestSeconds: number;
  /** Names of the workers that have asked for tasks in the last minutes. */
  readonly pollers: readonly string[];
}

export interface RunnerFacts {
  readonly name: string;
  /** `busy`: holds a batch. `idle`: asks for one. */
  readonly status: 'busy' | 'idle';
  readonly slots: number;
  readonly busySlots: number;
}

export interface PartFacts {
  readonly part: string;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

/** What monitoring knows now. */
export interface WatchedFacts {
  readonly parts: readonly { readonly name: string; readonly status: 'healthy' | 'degraded' | 'down' }[];
  readonly firing: readonly { readonly severity: string; readonly count: number }[];
  readonly series: readonly {
    readonly name: string;
    readonly unit: string;
    readonly source: string;
    readonly value: number;
  }[];
}

/** The sources behind `/metrics`; each may fail on its own, and the rest is told all the same. */
export interface MetricsSources {
  readonly ledger: MetricsLedger;
  queues(): Promise<readonly QueueFacts[]>;
  runners(): Promise<readonly RunnerFacts[]>;
  /** Processes of this stack on this machine. */
  parts(): Promise<readonly PartFacts[]>;
  /** Closed executions of `testRun` that Temporal itself calls failed, and all closed ones. */
  workflows(hours: number): Promise<{ readonly failed: number; readonly closed: number }>;
}

/**
 * Runners from who asks for batches and who holds one. A busy runner does not ask, so after a few minutes Temporal has
 * forgotten it; the ledger has not. Each runner has one slot.
 */
export function runnersOf(
  queues: readonly QueueFacts[],
  busy: readonly { readonly runner: string; readonly batches: number }[],
  runnerQueue: string,
): RunnerFacts[] {
  const asking = queues.filter(
    (q) => q.kind === 'activity' && (q.queue === runnerQueue || q.queue.startsWith(`${runnerQueue}@`)),
  );
  const held = new Map(busy.map((b) => [b.runner, b.batches]));
  const names = new Set([...asking.flatMap((q) => q.pollers), ...held.keys()]);
  return [...names].sort().map((name) => {
    const busySlots = held.get(name) ?? 0;
    return { name, status: busySlots > 0 ? 'busy' : 'idle', slots: Math.max(1, busySlots), busySlots };
  });
}
