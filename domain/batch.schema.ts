import { z } from 'zod';
import { BatchNeeds } from './needs.schema.js';
import { BatchOutcome } from './outcome.schema.js';

/**
 * A batch is what one process runs: some test files of one suite. `stage` counts the rounds: 1 is the first try of
 * everything, 2 and more rerun what failed, in a fresh process. The stage is the attempt number of its results.
 */
export const Batch = z
  .object({
    id: z.string().describe('`b` and a number, unique in the execution; also the position in the plan.'),
    suite: z.string(),
    stage: z.int().min(1).max(100),
    files: z.array(z.string()).min(1).describe("Paths relative to the suite's directory."),
    /** Name paths to run inside the files; absent = all. Only for adapters that can select. */
    tests: z.array(z.array(z.string())).optional(),
    predictedMs: z.number().nonnegative(),
    /** No other batch may run while this one does: reruns, and suites that fail side by side. */
    exclusive: z.boolean(),
    /** No other batch of the same suite may run while this one does. */
    serial: z.boolean(),
    /** Absent: any runner will do, and nothing shared is held. */
    needs: BatchNeeds.optional(),
    /** Temporal's key, 1 to 5, when the suite has a priority of its own. */
    priority: z.int().min(1).max(5).optional(),
  })
  .meta({ id: 'Batch' });
export type Batch = z.infer<typeof Batch>;

/** How a process tree ended, written by the cage that watched it; never guessed from outside. */
export const ExitRecord = z
  .object({
    code: z.int().nullable(),
    signal: z.string().nullable(),
    /** Why the cage ended it, when it did. */
    killed: z
      .enum(['timeout', 'silence', 'cancelled', 'memory', 'output', 'processes', 'disk', 'lease', 'orphaned', 'policy'])
      .nullable(),
    /** Set when the program could not be started at all, such as ENOENT. */
    startError: z.string().nullable(),
    durationMs: z.number(),
    peakMemoryMb: z.number().nullable(),
    outputBytes: z.number(),
    /** Processes still alive after the main one had ended, which were then killed. */
    leftBehind: z.int(),
    /** `process-group` protects less; the run says so. */
    isolation: z.enum(['bubblewrap', 'pid-namespace', 'process-group']),
    /** Whether SIGKILL was needed because SIGTERM was ignored. */
    forced: z.boolean(),
    /** Whether it ran as untrusted code: without network, secrets, or sight of the machine. */
    sealed: z.boolean().optional(),
    /** What hung, when a time or silence limit ended it: processes and what they waited for. */
    hint: z.string().max(1000).optional(),
  })
  .meta({ id: 'ExitRecord' });
export type ExitRecord = z.infer<typeof ExitRecord>;

/** What an attempt of a batch proves. Without it nothing is green. */
export const Evidence = z
  .object({
    outcome: BatchOutcome,
    /** One sentence with cause and, where there is one, what to do. */
    message: z.string().max(8192),
    exit: ExitRecord.nullable(),
    reporterLoaded: z.boolean(),
    reporterEnded: z.boolean(),
    filesExpected: z.int(),
    filesEnded: z.int(),
    tests: z.int(),
    failed: z.int(),
    /** sha256 of every event line as received, in order. */
    reportDigest: z.string(),
    /** Artifact digest of the bounded output, when there was output. */
    outputDigest: z.string().nullable(),
    /** Framework and version as its reporter named itself, such as `vitest 4.0.1`. */
    tool: z.string().max(200).optional(),
  })
  .meta({ id: 'Evidence' });
export type Evidence = z.infer<typeof Evidence>;

/** What a finished batch sends through Temporal: counts and words, less than 2 KB. */
export interface BatchSummary {
  readonly batch: string;
  readonly outcome: BatchOutcome;
  readonly tests: number;
  readonly failed: number;
  readonly durationMs: number;
  readonly fence: number;
  readonly message: string;
}
