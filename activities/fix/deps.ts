import type { GateLimits } from '../../domain/fix/gate.js';
import type { RepairTools } from '../../domain/fix/ports.js';
import type { Suite } from '../../domain/plan.schema.js';
import type { TrustClass } from '../../domain/run.schema.js';
import type { RunnerDeps } from '../batch/deps.js';

export interface RepairDeps extends RunnerDeps {
  readonly repair: RepairTools;
}

/** Test files of one suite. */
export interface Group {
  readonly suite: Suite;
  readonly files: readonly string[];
}

/** One repair: what fails, where its code lies, how much may be spent. */
export interface RepairCase {
  readonly execution: string;
  /** Checkouts of the same commit, one for each lane. */
  readonly roots: readonly string[];
  readonly trust: TrustClass;
  /** Files with failing tests. */
  readonly failing: readonly Group[];
  /** Every file that could be impacted. */
  readonly all: readonly Group[];
  readonly limits: RepairLimits;
  readonly signal: AbortSignal;
}

export interface RepairLimits {
  /** Longest run of the failing files before anything is known of how long they take, in milliseconds. */
  readonly runMs: number;
  /** Candidates that are made and tried. */
  readonly candidates: number;
  /** Time for trying them. */
  readonly searchMs: number;
  /** Survivors that get the whole tournament. */
  readonly finalists: number;
  /** How often the failing tests must pass. */
  readonly repeats: number;
  readonly gate: GateLimits;
}

export const REPAIR_LIMITS: Omit<RepairLimits, 'gate'> = {
  runMs: 60_000,
  candidates: 1500,
  searchMs: 180_000,
  finalists: 4,
  repeats: 3,
};
