/** Failure analysis and knowledge store, as workflows see them. On the control queue. */
import type { Frame } from './analysis.schema.js';
import type { ErrorClass } from './analysis.schema.js';
import type { FixOutcome } from '../fix/known.js';
import type { Lesson } from '../knowledge.js';

/** One failure in short; everything about it is in the artifact. */
export interface AnalysedFailure {
  readonly testId: string;
  /** Name of the test, at most 300 characters. */
  readonly test: string;
  readonly suite: string;
  readonly file: string;
  readonly class: ErrorClass;
  readonly confidence: number;
  readonly fixable: boolean;
  /** At most three sentences. */
  readonly why: readonly string[];
  readonly frame: Frame | null;
  readonly fingerprint: string;
  /** Ids of lessons in the knowledge store, nearest first. */
  readonly related: readonly string[];
}

export interface Analysed {
  readonly execution: string;
  /** Artifact digest of the whole `Analysis`; also the artifact `analysis.json` of the execution. */
  readonly analysis: string;
  /** Fixable ones first, at most 40. */
  readonly failures: readonly AnalysedFailure[];
  readonly total: number;
  readonly fixable: number;
}

export interface AnalysisActivities {
  /** Rules only, no model. Stored once; later calls return what was stored. A run without failures has none. */
  analyseFailures(input: { readonly execution: string }): Promise<Analysed>;
  /**
   * Asks the model, where one is configured, about the first failures that nobody has explained, and stores its words beside
   * the analysis. Fails with `ModelBusy` when it should be asked later. `asked`: 0 where there is no model.
   */
  explainFailures(input: { readonly execution: string; readonly purpose?: string }): Promise<{
    readonly asked: number;
    readonly explained: number;
    /** Why something was not explained. */
    readonly problem: string | null;
  }>;
  /** Puts the verdict and the failures of a finished run into the knowledge store. Repeating it changes nothing. */
  rememberOutcome(input: {
    readonly execution: string;
  }): Promise<{ readonly lessons: number; readonly embedding: string }>;
  /** What is known about failures like these: of an execution, or by words. */
  recallFailures(input: {
    readonly project: string;
    readonly execution?: string;
    readonly text?: string;
    readonly limit?: number;
  }): Promise<RecalledFailures>;
  /** Keeps what was done about the failures of a run, and what became of it. A later outcome takes the place of an earlier one. */
  rememberFix(outcome: FixOutcome): Promise<{ readonly lessons: number }>;
}

export interface RecalledFailures {
  readonly embedding: string;
  /** Nearest first. */
  readonly found: readonly {
    readonly id: string;
    readonly kind: Lesson['kind'];
    readonly execution: string;
    readonly score: number;
    readonly text: string;
    /** What was done about it. */
    readonly fix: string | null;
  }[];
}
