/** Many executions of one workflow: what the workflow that starts them asks of activities. */
import type { WorkflowInput } from '../executions.js';

export interface BulkActivities {
  /** Puts one of them into the ledger, as a child; the same key again is the same execution. */
  requestOne(input: {
    readonly parent: string;
    readonly key: string;
    readonly workflow: string;
    readonly params: Readonly<Record<string, unknown>>;
    /** Started with what this one was given, in place of `params`. */
    readonly like?: string;
  }): Promise<{ readonly type: string; readonly input: WorkflowInput }>;
}
