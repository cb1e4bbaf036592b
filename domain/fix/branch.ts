/** Port to git for branches of fixes: commits are made without a checkout, and are the same however often they are made. */
export interface FixBranches {
  /** One commit on top of `commit`, pushed as `branch`. A branch that is that commit already is left; another is refused. */
  publish(request: {
    readonly push: PushAddress;
    readonly commit: string;
    readonly branch: string;
    /** Whole new text of files that the commit has. */
    readonly files: readonly { readonly path: string; readonly text: string }[];
    readonly message: string;
    /** Unix time in seconds: part of what makes the commit the same each time. */
    readonly at: number;
  }): Promise<{ readonly commit: string }>;
  /** Text of files of the commit, those that it has, and who wrote it. */
  look(request: {
    readonly push: PushAddress;
    readonly commit: string;
    readonly paths: readonly string[];
  }): Promise<{ readonly texts: Readonly<Record<string, string>>; readonly authorEmail: string | null }>;
  /** Removes the branch if it is still `commit`; a branch that somebody has worked on stays. */
  remove(request: { readonly push: PushAddress; readonly branch: string; readonly commit: string }): Promise<boolean>;
}

export interface PushAddress {
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
}
