/** Who works on which failure, what became of it, and a person's "no". */
import type { FixRecord } from './record.schema.js';

export type Claim =
  | { readonly claimed: true }
  | { readonly claimed: false; readonly why: 'active' | 'refused' | 'too often'; readonly sentence: string };

export type FixChange = Partial<Pick<FixRecord, 'state' | 'pullRequest' | 'url' | 'by' | 'reason'>>;

export interface FixStore {
  /** One execution at a time works on one failure. Repeating it with the same execution is granted again. */
  claim(input: {
    readonly execution: string;
    readonly project: string;
    readonly fingerprint: string;
    readonly run: string;
    readonly attemptsPerWeek: number;
  }): Promise<Claim>;
  /** Nothing for an execution that never claimed. */
  settle(execution: string, change: FixChange): Promise<void>;
  find(execution: string): Promise<FixRecord | undefined>;
  /** Fixes of the failures of one run, newest first. */
  ofRun(run: string): Promise<FixRecord[]>;
}
