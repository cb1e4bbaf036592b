/** What blame needs from the outside, beside the ledger's own port. */
import type { PastFailure } from './blame-base.js';
import type { BaseCommit, BaseFile, BasePlan, BaseTry, BaseWork } from './blame.schema.js';
import type { Workspace } from './runner-ports.js';
import type { Source } from './run.schema.js';

/** The ledger's part. What ran at the base commit has tables of its own: it can never be counted for the run. */
export interface BlameStore {
  /** Stores what is to be run at the base commit, once; later calls return the first. */
  planBase(execution: string, plan: BasePlan): Promise<BasePlan>;
  basePlan(execution: string): Promise<BasePlan | null>;
  /** Stores one try, once: a repetition changes nothing. Refused when nothing was planned or the verdict is stored. */
  recordBase(execution: string, tryNo: number, files: readonly BaseFile[]): Promise<void>;
  baseTries(execution: string): Promise<BaseTry[]>;
  /**
   * What finished executions of the project counted for these tests in the last `days`, newest first, by
   * `testId/occurrence`. The execution itself is left out.
   */
  past(query: {
    project: string;
    tests: readonly string[];
    days: number;
    except: string;
  }): Promise<Map<string, PastFailure[]>>;
}

/** A runner's way to it. */
export interface BaseApi {
  work(execution: string): Promise<BaseWork>;
  record(execution: string, tryNo: number, files: readonly BaseFile[]): Promise<void>;
}

/**
 * Finds the commit a change is compared with. `asked` is what the caller named: throws `BadSource` when there is no such
 * commit. Otherwise `null` where there is none: no git, a first commit, a state that could not be read.
 */
export interface BaseFinder {
  find(source: Source, workspace: Workspace, asked: string | undefined): Promise<BaseCommit | null>;
}

/** The base checkout of an execution, beside its own. `~` is no part of an execution id. */
export const baseWorkspaceOf = (execution: string): string => `${execution}~base`;
export const executionOfWorkspace = (name: string): string => name.replace(/~base$/, '');
