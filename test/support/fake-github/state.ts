import { type BareRepository, bareRepository } from '../fake-host/repository.js';

export interface Who {
  readonly login: string;
  readonly kind: 'token' | 'installation' | 'app';
}

export interface Status {
  readonly id: number;
  readonly sha: string;
  readonly context: string;
  readonly state: string;
  readonly description: string | null;
  readonly target_url: string | null;
  readonly created_at: string;
}

export interface CheckAnnotation {
  readonly path: string;
  readonly start_line: number;
  readonly end_line: number;
  readonly annotation_level: string;
  readonly title?: string | undefined;
  readonly message: string;
}

export interface CheckRun {
  readonly id: number;
  readonly name: string;
  readonly head_sha: string;
  external_id: string | null;
  details_url: string | null;
  status: string;
  conclusion: string | null;
  title: string | null;
  summary: string | null;
  readonly annotations: CheckAnnotation[];
}

export interface Comment {
  readonly id: number;
  readonly issue: number;
  readonly login: string;
  body: string;
  /** How often it was changed. */
  edits: number;
}

export interface Issue {
  readonly number: number;
  title: string;
  body: string;
  state: 'open' | 'closed';
  readonly labels: string[];
  readonly login: string;
  /** Present on those that are pull requests. */
  readonly pull?: Pull;
}

export interface Pull {
  readonly head: string;
  readonly base: string;
  draft: boolean;
  merged: boolean;
  /** Who merged or closed it. */
  endedBy?: string;
  readonly reviewers: string[];
  readonly teams: string[];
  /** Head commit, kept when the branch is deleted. */
  sha: string;
}

export interface Label {
  readonly name: string;
  readonly color: string;
}

/** All that one repository of the fake knows. Tests read it and may change it as a person would on the web page. */
export class FakeRepository {
  readonly git: BareRepository;
  readonly statuses: Status[] = [];
  readonly checks: CheckRun[] = [];
  readonly issues: Issue[] = [];
  readonly comments: Comment[] = [];
  readonly labels: Label[] = [{ name: 'bug', color: 'd73a4a' }];
  /** Logins that may be asked for a review. */
  readonly collaborators = new Set(['ada', 'grace']);
  readonly teams = new Set(['core']);
  /** Some plans have none. */
  drafts = true;
  private ids = 1000;

  constructor(
    readonly owner: string,
    readonly name: string,
  ) {
    this.git = bareRepository(name);
  }

  id(): number {
    return ++this.ids;
  }

  number(): number {
    return this.issues.length + 1;
  }

  issue(number: number): Issue | undefined {
    return this.issues.find((each) => each.number === number);
  }

  /** The newest status of a context, as the web page shows it. */
  status(sha: string, context: string): Status | undefined {
    return this.statuses.findLast((each) => each.sha === sha && each.context === context);
  }

  /** As a person opens it on the web page. */
  openPull(head: string, base = 'main', title = `Change ${head}`, login = 'ada'): number {
    const sha = this.git.head(head);
    if (!sha) throw new Error(`no branch ${head}`);
    const number = this.number();
    const pull: Pull = { head, base, draft: false, merged: false, reviewers: [], teams: [], sha };
    this.issues.push({ number, title, body: '', state: 'open', labels: [], login, pull });
    return number;
  }

  /** As a person merges or closes it on the web page. */
  endPull(number: number, how: 'merged' | 'closed', login: string): void {
    const issue = this.issue(number);
    if (!issue?.pull) throw new Error(`no pull request ${number}`);
    const { pull } = issue;
    if (how === 'merged') {
      const [base, head] = [this.git.git('rev-parse', pull.base), this.git.git('rev-parse', pull.head)];
      const tree = this.git.git('merge-tree', '--write-tree', base, head);
      const message = `Merge pull request #${number}`;
      const commit = this.git.git('commit-tree', tree, '-p', base, '-p', head, '-m', message);
      this.git.git('update-ref', `refs/heads/${pull.base}`, commit);
    }
    Object.assign(pull, { merged: how === 'merged', endedBy: login });
    issue.state = 'closed';
  }
}
