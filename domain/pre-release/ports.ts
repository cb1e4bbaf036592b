/** What the pre-release workflow needs from activities, and activities from the outside. */
import type { ProjectAccess } from '../framework.js';
import type { Source, TrustClass } from '../run.schema.js';
import type { Change } from './change.schema.js';
import type { GateOutcome } from './merge-gate.js';
import type { PastOfDirectory } from './risk.js';
import type { PreReleaseConfig, RiskTier } from './settings.schema.js';
import type { PastOfSuite, SuiteGroup } from './suite-order.js';

/** What git tells of a change; no code of the project is run. */
export interface ChangeReader {
  /**
   * Calls `look` while the files of the commit can be read. `before` is a hint: when it is gone, another base is taken.
   * Throws `ProjectProblem('BadSource')`.
   */
  read<T>(
    source: Source,
    asked: { readonly base?: string | undefined; readonly before?: string | undefined },
    look: (seen: SeenChange) => Promise<T>,
  ): Promise<T>;
}

export interface SeenChange {
  readonly change: Omit<Change, 'suites' | 'settings'>;
  /** Files of the commit; `exec` is refused. */
  readonly project: ProjectAccess;
  /** Files of the base commit, when there is one. */
  readonly base: ProjectAccess | undefined;
}

/** What became of changes: labels for rules today, for models later. */
export interface ChangeOutcomes {
  /** Once per execution; a repetition changes nothing. */
  record(outcome: ChangeOutcome): Promise<void>;
  /** How the last 50 changes to each directory ended. */
  pastOf(project: string, directories: readonly string[]): Promise<PastOfDirectory[]>;
  /** What the last 20 finished runs of each suite came to. */
  suites(project: string): Promise<PastOfSuite[]>;
}

export interface ChangeOutcome {
  readonly execution: string;
  readonly project: string;
  readonly commit: string | null;
  readonly base: string | null;
  readonly tier: RiskTier;
  readonly score: number;
  readonly directories: readonly string[];
  readonly outcome: GateOutcome;
  readonly runs: readonly string[];
}

export interface AnalyseInput {
  readonly execution: string;
  /** As the execution has it; `none` where nobody has said. */
  readonly project: string;
  readonly source: Source;
  readonly trust: TrustClass;
  readonly base?: string | undefined;
  readonly before?: string | undefined;
}

/** The change in few words; all of it is the artifact `change.json` of the execution. */
export interface AnalysedChange {
  readonly digest: string;
  readonly commit: string | null;
  readonly base: string | null;
  readonly branch: string | null;
  /** A directory with changes that are not committed: nothing is said about its commit. */
  readonly dirty: boolean;
  /** What was asked for, else what the project calls itself, else its place. */
  readonly project: string;
  readonly files: number;
  readonly added: number;
  readonly deleted: number;
  readonly commits: number;
  readonly subject: string;
  readonly author: { readonly name: string; readonly email: string } | null;
  /** What the workflow itself decides on; all other rules are in the artifact. */
  readonly settings: Pick<PreReleaseConfig, 'rest' | 'fix'>;
  readonly sentence: string;
}

/** All of it is the artifact `risk.json`. */
export interface PredictedRisk {
  readonly tier: RiskTier;
  readonly score: number;
  readonly reasons: readonly string[];
  readonly groups: readonly SuiteGroup[];
  readonly raised: readonly string[];
}

export interface JudgedGate {
  readonly outcome: GateOutcome;
  readonly sentence: string;
  /** The first twenty. */
  readonly reasons: readonly string[];
  readonly failed: number;
  readonly passed: number;
  readonly unfinished: number;
  /** The run that holds the first failure; its report is linked. */
  readonly redRun: string | null;
}

export interface Figures {
  readonly execution: string;
  readonly workflow: string;
  readonly project: string;
  readonly outcome: string;
  readonly values: Readonly<Record<string, string | number | boolean | null>>;
}

/** On the control queue. All are harmless when repeated. */
export interface PreReleaseActivities {
  analyseChange(input: AnalyseInput): Promise<AnalysedChange>;
  predictRisk(input: {
    readonly execution: string;
    readonly project: string;
    /** Digest of `change.json`. */
    readonly change: string;
  }): Promise<PredictedRisk>;
  judgeGate(input: {
    readonly execution: string;
    readonly runs: readonly string[];
    /** Digest of `change.json`. */
    readonly change: string;
  }): Promise<JudgedGate>;
  /** Event `dashboard_updated` with the figures. */
  publishFigures(figures: Figures): Promise<void>;
  recordOutcome(input: Omit<ChangeOutcome, 'directories'> & { readonly change: string }): Promise<void>;
}
