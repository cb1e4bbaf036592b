/** Where definitions and the results of their steps are kept. */
import type { Provenance } from '../run.schema.js';
import type { Definition } from './definition.schema.js';
import type { StepKey, StepRecord } from './execution.js';
import type { JsonObject } from './json.js';

export interface StoredDefinition {
  readonly id: string;
  readonly name: string;
  readonly kind: Definition['kind'];
  readonly version: number;
  readonly digest: string;
  readonly definition: Definition;
  /** As its author wrote it. */
  readonly source: string | null;
  readonly principal: string;
  readonly project: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface DefinitionVersion {
  readonly version: number;
  readonly digest: string;
  readonly principal: string;
  readonly createdAt: string;
}

export interface NewDefinition extends Provenance {
  readonly id: string;
  readonly definition: Definition;
  readonly digest: string;
  readonly source: string | null;
}

/** Every change is one transaction, and harmless when repeated. A version never changes. */
export interface DefinitionStore {
  /** Undefined when another one has the name. */
  create(definition: NewDefinition): Promise<StoredDefinition | undefined>;
  /** A new version, or the newest one when nothing has changed. Undefined when there is none of this id, or another one has the name. */
  change(id: string, change: Omit<NewDefinition, 'id' | 'project' | 'trust'>): Promise<StoredDefinition | undefined>;
  /** By id or name; newest version unless one is asked for. Deleted ones are found by id only. */
  find(idOrName: string, version?: number): Promise<StoredDefinition | undefined>;
  /** By name. */
  list(kind?: Definition['kind']): Promise<StoredDefinition[]>;
  versions(id: string): Promise<DefinitionVersion[]>;
  /** Executions that run keep what they have. */
  remove(id: string): Promise<boolean>;
  body(digest: string): Promise<string | undefined>;

  /** The row as it was before, where the same try has ended already; otherwise it is running now. */
  beginStep(key: StepKey): Promise<StepRecord | undefined>;
  recordSteps(records: readonly StepRecord[]): Promise<void>;
  steps(execution: string, attempt?: number): Promise<StepRecord[]>;
  stepOutputs(execution: string, attempt: number, steps: readonly string[]): Promise<ReadonlyMap<string, JsonObject>>;
  itemOutputs(
    execution: string,
    attempt: number,
    step: string,
  ): Promise<{ item: number; status: string; outputs: JsonObject | null }[]>;
  /** Copies results of steps to another execution's first round; answers with what it found. */
  copySteps(from: string, to: string, steps: readonly string[]): Promise<StepRecord[]>;
  /** The oldest execution of a stored definition that was asked for before this one and has not ended. */
  aheadOf(execution: string, all: boolean): Promise<string | null>;
}
