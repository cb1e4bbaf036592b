/** What the activities of an answer need from outside. */
import type { Provenance } from './run.schema.js';

export interface OutboxEntry {
  readonly state: 'planned' | 'sent' | 'confirmed' | 'unknown';
  readonly reference: string | null;
}

/** The effects outbox, as far as an answer needs it. */
export interface Outbox {
  plan(
    effect: Provenance & {
      readonly key: string;
      readonly execution: string | null;
      readonly kind: string;
      readonly payload: object;
    },
  ): Promise<OutboxEntry>;
  begin(key: string): Promise<OutboxEntry>;
  settle(key: string, state: 'confirmed' | 'unknown', reference?: string | null): Promise<void>;
}

/** A clone of a repository on this machine that mirrors the merge gate. */
export interface Clone {
  readonly dir: string;
  readonly host: string;
  /** `host/owner/name`, or the directory itself where it has no remote. */
  readonly repository: string;
}

export interface AnswerStore {
  /** Address of our comment on a pull request; undefined: there is none. */
  comment(repository: string, number: number, context: string): Promise<string | undefined>;
  commented(repository: string, number: number, context: string, url: string): Promise<void>;
  addClone(clone: Clone): Promise<void>;
  /** False: there was none. */
  removeClone(dir: string): Promise<boolean>;
  clones(host: string): Promise<Clone[]>;
}

export interface Block {
  readonly branch: string;
  readonly commit: string;
  readonly execution: string;
  readonly reason: string;
}

/** `.git/MERGE_BLOCKED` of a clone. */
export interface MergeGate {
  block(dir: string, block: Block): Promise<void>;
  /** Takes the branch out; the file goes with the last one. */
  clear(dir: string, branch: string): Promise<void>;
  read(dir: string): Promise<Block[]>;
}
