/**
 * What Baton asks of the place where a team's code and its pull requests live. `adapters/code-hosts/` has GitHub and
 * GitLab. Every change can be repeated: it looks for what is there before it makes something.
 */

/** `https://github.com/acme/shop`, `git@gitlab.example.org:acme/shop.git` and a directory are all addresses of one. */
export interface CodeHost {
  readonly kind: 'github' | 'gitlab';
  /** `owner/name`, as the host spells it. */
  readonly repository: string;
  /** Status of a commit, found again by `context`. Returns its address. */
  setStatus(commit: string, status: CommitStatus): Promise<string>;
  /** Check with annotations on lines, found again by its name and commit; a host without checks sets a status. */
  setCheck(commit: string, check: Check): Promise<string>;
  /** One comment per `marker` and pull request: made once, then kept up to date. */
  comment(pullRequest: number, marker: string, body: string): Promise<string>;
  pullRequest(number: number): Promise<PullRequest | undefined>;
  /** Open or closed pull requests whose head is this branch, newest first. */
  pullRequestsOf(branch: string): Promise<PullRequest[]>;
  /** Finds the one with this head branch, or opens it; labels are made when missing. */
  openPullRequest(request: NewPullRequest): Promise<PullRequest>;
  /** Where git pushes and fetches; with credentials for this call only, never stored or printed. */
  pushAddress(): Promise<{ readonly url: string; readonly env: Readonly<Record<string, string>> }>;
  issue(marker: string, issue: NewIssue): Promise<{ number: number; url: string }>;
  closeIssue(marker: string, comment: string): Promise<void>;
}

export interface CommitStatus {
  readonly context: string;
  readonly state: 'pending' | 'success' | 'failure' | 'error';
  /** One line, at most 140 characters. */
  readonly description: string;
  readonly url?: string | undefined;
}

export interface Check {
  readonly name: string;
  readonly state: 'in_progress' | 'success' | 'failure' | 'neutral' | 'cancelled';
  readonly title: string;
  /** Markdown. */
  readonly summary: string;
  readonly url?: string | undefined;
  readonly annotations: readonly Annotation[];
}

export interface Annotation {
  /** Relative to the repository. */
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly title: string;
  readonly message: string;
}

export interface PullRequest {
  readonly number: number;
  readonly url: string;
  readonly state: 'open' | 'merged' | 'closed';
  readonly draft: boolean;
  readonly head: string;
  readonly base: string;
  /** Commit of the head. */
  readonly commit: string;
  readonly title: string;
  /** Who merged or closed it, where the host tells. */
  readonly endedBy?: string | undefined;
}

export interface NewPullRequest {
  readonly head: string;
  readonly base: string;
  readonly title: string;
  /** Markdown. */
  readonly body: string;
  readonly draft: boolean;
  readonly labels: readonly string[];
  /** Logins or team names, as CODEOWNERS spells them. */
  readonly reviewers: readonly string[];
}

export interface NewIssue {
  readonly title: string;
  readonly body: string;
  readonly labels: readonly string[];
}

/** The host of a repository, or undefined where there is none, such as for a directory of this machine. */
export type CodeHosts = (repository: string) => CodeHost | undefined;
