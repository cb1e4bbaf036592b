/** What the workflow `autoFix` asks for: references and counts; the rest are artifacts of the failed run. */
import type { PullRequest } from '../code-host.js';
import type { RepairReport } from './report.schema.js';
import type { FixLevel } from './settings.schema.js';
import type { KnownFailures } from './known.js';
import type { FixState } from './record.schema.js';

export interface FixRef {
  /** The run whose tests failed. */
  readonly run: string;
  /** Execution id of the fix. */
  readonly fix: string;
}

export interface ProposedFixes extends Pick<RepairReport, 'located' | 'suspects'> {
  readonly candidates: number;
}

export interface TriedFixes extends Pick<RepairReport, 'failing' | 'refused' | 'tried' | 'timeouts'> {
  readonly refusedCount: number;
  readonly survivors: number;
  readonly stopped: Pick<RepairReport, 'outcome' | 'sentence'> | null;
}

export interface VerifiedFix {
  readonly verified: boolean;
  readonly sentence: string;
  readonly tried: number;
  readonly refuted: readonly string[];
  readonly file: string | null;
  readonly line: number | null;
  readonly title: string | null;
  readonly origin: 'template' | 'model' | null;
}

/** On a runner's queue. Each may be repeated. */
export interface FixRunnerActivities {
  proposeFixes(input: FixRef): Promise<ProposedFixes>;
  /** Gate, checkout, failing tests once with each. */
  tryFixes(input: FixRef): Promise<TriedFixes>;
  verifyFixes(
    input: FixRef & {
      readonly proposed: Omit<ProposedFixes, 'candidates'>;
      readonly tried: Pick<TriedFixes, 'failing' | 'refused' | 'tried' | 'timeouts' | 'stopped'>;
    },
  ): Promise<VerifiedFix>;
}

export interface FixPlan {
  readonly fixable: boolean;
  /** What is wrong with it, or what is to be mended. */
  readonly sentence: string;
  readonly tests: number;
  /** The first of them. */
  readonly testIds: readonly string[];
  readonly fingerprint: string | null;
  readonly project: string;
  readonly repository: string | null;
  readonly commit: string | null;
  readonly branch: string | null;
  readonly level: FixLevel;
  readonly approvalDays: number;
  readonly followDays: number;
}

export interface OfferedFix {
  /** Null where the repository has no code host, so that there is nobody to offer it to. */
  readonly pullRequest: { readonly number: number; readonly url: string } | null;
  readonly branch: string;
  readonly commit: string | null;
  readonly authorEmail: string | null;
  readonly sentence: string;
}

export interface FollowedPullRequest extends Pick<PullRequest, 'state'> {
  /** Who merged or closed it, where that is known. */
  readonly by: string | null;
}

/** On the control queue. */
export interface FixControlActivities {
  /** Decides whether the failure is worth a try, takes it for this execution, and writes down the work. Idempotent. */
  planFix(input: FixRef & { readonly level: FixLevel | null }): Promise<FixPlan>;
  /** Candidates of the language model, put before those of the templates. `sentence` says why there are none. */
  askModelForFixes(
    input: FixRef & { readonly known: KnownFailures },
  ): Promise<{ readonly candidates: number; readonly sentence: string }>;
  /** One branch, one commit, one draft pull request, however often it is called. */
  offerFix(
    input: FixRef & {
      readonly base: string | null;
      readonly approvedBy: string | null;
      readonly known: KnownFailures;
    },
  ): Promise<OfferedFix>;
  /** As it is at its host; null: it is not there. */
  fixPullRequest(input: FixRef & { readonly number: number }): Promise<FollowedPullRequest | null>;
  /** Remembers what became of it. `removeBranch`: and takes its branch away if nobody has worked on it. */
  settleFix(
    input: FixRef & {
      readonly state: FixState;
      readonly by?: string | undefined;
      readonly reason?: string | undefined;
      readonly pullRequest?: number | undefined;
      readonly removeBranch?: { readonly commit: string } | undefined;
    },
  ): Promise<{ readonly branchRemoved: boolean }>;
}
