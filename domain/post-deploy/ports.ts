/** What the post-deployment workflow needs from activities, and activities from the outside. */
import type { RunOutcome } from '../executions.js';
import type { Source } from '../run.schema.js';

export interface RetrainingRequest {
  readonly execution: string;
  readonly project: string;
  readonly reason: string;
  readonly environment: string;
  readonly version: string | null;
}

/** Which suites answer which question. Null: every suite. */
export interface ValidationPlan {
  readonly smoke: readonly string[] | null;
  readonly integration: readonly string[];
  readonly commit: string | null;
  /** What was asked for, else what the project calls itself, else its place. */
  readonly project: string;
  readonly notes: readonly string[];
  /** How this deployment is undone; null when nobody has said. */
  readonly rollback: RollbackPolicy | null;
}

export interface RollbackPolicy {
  readonly automatic: boolean;
  readonly approval: 'required' | 'none';
  readonly approvalWithinMs: number;
  /** For people: `webhook at deploy.example.org`. */
  readonly how: string;
}

export interface RollbackRequest {
  /** The same for every repetition, and for no other rollback. */
  readonly key: string;
  readonly execution: string;
  readonly project: string;
  readonly environment: string;
  readonly commit: string | null;
  readonly version: string | null;
  readonly reason: string;
}

/**
 * `done`: accepted by the other side, now or at an earlier try. `unknown`: it was sent, nobody knows whether it arrived,
 * and it may not be sent again. `refused`: the other side said no.
 */
export interface RollbackResult {
  readonly state: 'done' | 'unknown' | 'refused';
  readonly sentence: string;
  readonly reference: string | null;
}

/** The other side of a rollback, without any memory of its own. */
export interface RollbackDoor {
  readonly how: string;
  /** Whether it may be sent again when nobody knows what became of it. */
  readonly idempotent: boolean;
  /** Was it accepted already? Undefined: this door cannot tell. Throws when the other side does not answer now. */
  look(request: RollbackRequest): Promise<{ readonly reference: string | null } | 'no' | undefined>;
  send(request: RollbackRequest): Promise<DoorAnswer>;
}

export type DoorAnswer =
  | { readonly kind: 'accepted'; readonly reference: string | null }
  | { readonly kind: 'refused'; readonly reason: string }
  /** Surely not accepted: nothing left this machine, or the other side asks for patience. */
  | { readonly kind: 'later'; readonly reason: string; readonly afterMs: number }
  | { readonly kind: 'unknown'; readonly reason: string };

/** Undefined where nothing is configured. */
export type RollbackDoors = (project: string, environment: string) => (RollbackPolicy & RollbackDoor) | undefined;

/** On the control queue. All are harmless when repeated. */
export interface PostDeployActivities {
  planValidation(input: {
    readonly execution: string;
    /** As the execution has it; `none` where nobody has said. */
    readonly project: string;
    readonly environment: string;
    readonly source: Source;
  }): Promise<ValidationPlan>;
  requestRetraining(request: RetrainingRequest): Promise<void>;
  rollBack(request: RollbackRequest): Promise<RollbackResult>;
}

export type Checked = Pick<RunOutcome, 'run' | 'verdict' | 'sentence' | 'totals'>;
