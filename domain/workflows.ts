/** The built-in workflows by name: what they take, which stages they have, how they are found. */
import type { z } from 'zod';
import type { Subject } from './executions.schema.js';
import { AUTO_FIX } from './workflows/auto-fix.schema.js';
import type { Happening } from './triggers/happening.js';
import { BULK_START } from './workflows/bulk-start.schema.js';
import { COMMIT_CHECK } from './workflows/commit-check.schema.js';
import { POST_DEPLOY } from './workflows/post-deploy.schema.js';
import { PRE_RELEASE } from './workflows/pre-release.schema.js';
import { DEBUG_EXECUTION } from './workflows/debug-execution.schema.js';
import { LAYERED_RUN } from './workflows/layered-run.schema.js';
import { MONITORING } from './workflows/monitoring.schema.js';
import { SUITE_RUN } from './workflows/suite-run.schema.js';

export interface WorkflowKind<P extends object = object> {
  /** Also the Workflow Type. */
  readonly name: string;
  /** Other spellings under which it may be started. */
  readonly aliases: readonly string[];
  readonly title: string;
  readonly description: string;
  readonly params: z.ZodType<P>;
  readonly stages: readonly { readonly name: string; readonly title: string }[];
  subject(params: P): Subject;
  /** Name of the project, where the parameters tell. */
  project(params: P): string | undefined;
  /** Parameters from what a trigger saw; the trigger's own come on top. Absent: `source`. */
  happened?(happening: Happening): Readonly<Record<string, unknown>>;
}

/** Keeps the type of the parameters to one file. */
export const workflowKind = <P extends object>(kind: WorkflowKind<P>): WorkflowKind => kind as unknown as WorkflowKind;

export const BUILT_IN: readonly WorkflowKind[] = [
  workflowKind(PRE_RELEASE),
  workflowKind(AUTO_FIX),
  workflowKind(POST_DEPLOY),
  workflowKind(SUITE_RUN),
  workflowKind(COMMIT_CHECK),
  workflowKind(DEBUG_EXECUTION),
  workflowKind(LAYERED_RUN),
  workflowKind(MONITORING),
  workflowKind(BULK_START),
];

/** What can be started under a name. Stored definitions bring a catalog of their own. */
export interface Startable {
  readonly name: string;
  readonly workflowType: string;
  /** Throws `ProjectProblem('ConfigInvalid')`, one line per mistake. */
  check(params: Readonly<Record<string, unknown>>): {
    readonly params: Readonly<Record<string, unknown>>;
    readonly subject: Subject;
    readonly project: string | undefined;
    /** Set where an operator may not start it with these parameters. */
    readonly role?: 'admin';
  };
  /** As in `WorkflowKind`. Absent: only what the trigger itself says. */
  happened?(happening: Happening): Readonly<Record<string, unknown>>;
}

export type Catalog = (name: string) => Promise<Startable | undefined>;
