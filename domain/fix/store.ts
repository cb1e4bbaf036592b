/** What is remembered of fixes: who works on which failure, what became of it, and a person's "no". */
export type FixState = 'working' | 'offered' | 'merged' | 'closed' | 'rejected' | 'unfixed' | 'observed';

export interface FixRecord {
  readonly execution: string;
  readonly project: string;
  readonly fingerprint: string;
  readonly run: string;
  readonly state: FixState;
  readonly pullRequest: number | null;
  readonly by: string | null;
  readonly reason: string | null;
}

export type Claim =
  | { readonly claimed: true }
  | { readonly claimed: false; readonly why: 'active' | 'refused' | 'too often'; readonly sentence: string };

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
  settle(execution: string, change: Partial<Pick<FixRecord, 'state' | 'pullRequest' | 'by' | 'reason'>>): Promise<void>;
  find(execution: string): Promise<FixRecord | undefined>;
}
