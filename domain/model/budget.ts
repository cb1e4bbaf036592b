/**
 * Tokens are set aside before a call and settled after it, in the database:
 *
 *   reserved ──answer──▶ settled (what was really used)
 *      │ └────refused by the server, or never sent──▶ settled (0)
 *      └─────outcome unknown, or the process died──▶ stays reserved: counted in full
 *
 * so that no crash and no lost answer lets an execution or a day use more than its budget.
 */
export interface Reservation {
  readonly execution: string;
  readonly project: string;
  readonly purpose: string;
  readonly model: string;
  /** Upper bound of prompt and answer together. */
  readonly tokens: number;
}

export type Reserved =
  | { readonly kind: 'granted'; readonly call: number }
  /** The server has asked to be left alone for so long, whoever was told. */
  | { readonly kind: 'paused'; readonly forMs: number }
  | { readonly kind: 'used_up'; readonly of: 'execution' | 'day'; readonly used: number; readonly limit: number };

export interface Settlement {
  readonly state: 'answered' | 'failed' | 'unknown';
  /** Absent: what was reserved stays counted. */
  readonly tokens?: { readonly prompt: number; readonly completion: number };
  readonly cost?: number | undefined;
  readonly durationMs: number;
  /** Digest of the recorded exchange. */
  readonly record?: string | undefined;
  /** Why it failed, in one sentence. */
  readonly problem?: string | undefined;
}

export interface Limits {
  readonly tokensPerExecution: number;
  readonly tokensPerDay: number;
}

/** One exchange with a model, as it was counted. */
export interface ModelCall {
  readonly call: number;
  readonly execution: string;
  readonly project: string;
  readonly purpose: string;
  readonly model: string;
  readonly state: 'reserved' | Settlement['state'];
  readonly reserved: number;
  readonly promptTokens: number | null;
  readonly completionTokens: number | null;
  readonly cost: number | null;
  readonly durationMs: number | null;
  readonly record: string | null;
  readonly problem: string | null;
  readonly at: string;
}

export interface ModelBudget {
  /** Sets tokens aside, or says why not. */
  reserve(wanted: Reservation, limits: Limits): Promise<Reserved>;
  settle(call: number, settlement: Settlement): Promise<void>;
  /** Nobody asks this model's server before `forMs` have passed. A longer pause stays. */
  pause(model: string, forMs: number): Promise<void>;
  /** Newest first. */
  calls(query: { readonly execution?: string; readonly limit: number }): Promise<ModelCall[]>;
}
