/**
 * What Baton says about a commit where its team looks: a commit status, a check with annotations on failing lines, one
 * comment on each open pull request, and the merge gate that local clones mirror. Workflows say it with `answerCommit`
 * of `workflows/answer-commit.ts`; it is sent by a workflow of its own, so that nobody waits for a host that is away,
 * and what is newer replaces what was not sent yet.
 */

/** Of what an answer speaks; the same for every statement of one execution. */
export interface AnswerTarget {
  readonly project: string;
  /** Address of the repository, or an absolute directory: without a host only the gate is left. */
  readonly repository: string;
  readonly commit: string;
  readonly branch: string | null;
  /** Name of status and check, such as `baton/pre-release`. */
  readonly context: string;
  /** Absent: every open pull request whose head is the branch. */
  readonly pullRequest?: number | undefined;
}

export type AnswerState = 'pending' | 'success' | 'failure' | 'error';

export interface AnswerStatement {
  /** `pending` is followed by another; the others end the answer. */
  readonly state: AnswerState;
  /** One line: "2 of 340 tests failed because of this change". */
  readonly title: string;
  /** A few sentences of Markdown, at most 8,000 characters. Names from tests in it must be quoted as code. */
  readonly summary: string;
  readonly url?: string | undefined;
  /** The run whose failures are listed and annotated; they are read from the ledger. */
  readonly run?: string | undefined;
  /** Failures that come from no run. At most 50. */
  readonly failures?: readonly AnswerFailure[] | undefined;
  /** Whether `failure` and `error` block merging and pushing. Default true. */
  readonly blocks?: boolean | undefined;
}

export interface AnswerFailure {
  readonly title: string;
  readonly message: string;
  /** Whose fault it is, in words. */
  readonly whose?: string | undefined;
  /** Relative to the repository; without it there is no annotation. */
  readonly file?: string | undefined;
  /** From 1. */
  readonly line?: number | undefined;
}

export const SURFACES = ['status', 'check', 'comment', 'gate'] as const;
export type Surface = (typeof SURFACES)[number];

/** Input of the workflow `answer`. */
export interface AnswerInput {
  readonly target: AnswerTarget;
  readonly execution: string;
  readonly statement: AnswerStatement;
}

/** One surface of one statement. */
export interface Sending {
  /** The same for every repetition of this sending, and for no other. */
  readonly key: string;
  readonly surface: Surface;
  readonly execution: string;
  readonly target: AnswerTarget;
  readonly statement: AnswerStatement;
}

/** What became of it: where it can be seen, or why there is nothing. */
export interface Sent {
  readonly url: string | null;
  readonly note: string | null;
}

export interface AnswerActivities {
  /** Safe to repeat: planned in the outbox under its key, and looked up at the host before it is made. */
  sendAnswer(sending: Sending): Promise<Sent>;
  /** Another statement has taken the place of these, so nobody waits for them any more. */
  dropAnswers(keys: readonly string[]): Promise<void>;
}

/** Signal of the workflow `answer`: the newest statement. */
export const SAY_SIGNAL = 'say';
