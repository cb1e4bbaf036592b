/** What backs a verdict in the ledger: its receipt, and every attempt of every batch with who made it. */
import type { Evidence } from './batch.schema.js';
import type { BatchOutcome } from './outcome.schema.js';

/** Thrown by `record`, `finish` when the secret or the runner is not the attempt's own: somebody reports for another's batch. */
export class TicketRefused extends Error {
  override readonly name = 'TicketRefused';
  constructor(batch: string, fence: number) {
    super(
      `attempt ${fence} of batch ${batch} was begun by somebody else: a runner reports only for what it began, with the secret it was given then`,
    );
  }
}

/** What is stored beside a verdict. */
export interface VerdictProof {
  readonly keyId: string;
  /** The signed receipt, JSON text. */
  readonly document: string;
  /** Suites that earlier runs had are missing without leave: this run is no measure for the next. */
  readonly lacksSuites: boolean;
}

/** One attempt of a batch as the ledger saw it begin and end. */
export interface BatchAttempt {
  readonly batch: string;
  readonly fence: number;
  readonly runner: string;
  readonly beganAt: string;
  readonly endedAt: string | null;
  /** Null while it runs, and for ever when nobody told its end. */
  readonly outcome: BatchOutcome | null;
  readonly evidence: Evidence | null;
}
