/** An execution of a stored definition: what it is given, what its steps come to, and what activities do for it. */
import type { WorkflowInput } from '../executions.js';
import type { Source, StartRun } from '../run.schema.js';
import type { CustomRole } from './definition.schema.js';
import type { Json, JsonObject } from './json.js';

/** Executions that have started each other, the first one included. */
export const MAX_DEPTH = 5;
/** A value of an output that is larger is kept as an artifact, and travels as a `LargeValue`. */
export const MAX_INLINE_BYTES = 2_048;
export const MAX_OUTPUT_BYTES = 16 * 1024;

/** Stands for a value that is too large to travel. Handed to an action as a whole, it is the value again. */
export interface LargeValue {
  readonly $artifact: string;
  readonly bytes: number;
}

/** Which version of which definition an execution keeps until its end. */
export interface DefinitionRef {
  readonly id: string;
  readonly name: string;
  readonly version: number;
  readonly digest: string;
}

/** Parameters of an execution, checked and complete. */
export interface StoredParams {
  readonly $definition: DefinitionRef;
  readonly params: JsonObject;
  readonly environment: string;
  readonly overrides: JsonObject;
  readonly source?: Source | undefined;
  /** Machine that runs of its directories stay on. */
  readonly host: string;
  readonly $depth: number;
  /** The day it is about, as `2026-11-21`: that of a backfill, else the day it begins. */
  readonly $date?: string | undefined;
  /** Everything before this step is taken over from another execution. */
  readonly $rerun?: { readonly execution: string; readonly step: string } | undefined;
}

export const STEP_STATUSES = [
  'waiting',
  'running',
  'succeeded',
  'failed',
  'continued',
  'skipped',
  'not_run',
  'cancelled',
] as const;
export type StepStatus = (typeof STEP_STATUSES)[number];

export interface StepFailure {
  /** A word, such as `TestsFailed`, `Timeout`, `Rejected`. */
  readonly type: string;
  readonly message: string;
  /** The step found out that something is wrong; otherwise it could not find out. */
  readonly red: boolean;
  /** What it had found out all the same, such as the totals of red tests. */
  readonly outputs?: JsonObject | undefined;
}

export type StepResult =
  | { readonly ok: true; readonly outputs: JsonObject }
  | { readonly ok: false; readonly failure: StepFailure };

/** One try of one step, or of one item of it. */
export interface StepKey {
  readonly execution: string;
  /** Round of the whole workflow, from 1. */
  readonly attempt: number;
  readonly step: string;
  /** Place of the item; -1 for a step without items. */
  readonly item: number;
  readonly try: number;
}

export interface ActionCall extends StepKey {
  readonly role: string;
  readonly action: string;
  readonly with: JsonObject;
  readonly timeoutMs: number;
  readonly workflow: string;
  readonly environment: string;
  readonly source?: Source | undefined;
}

/** A program on a runner: of the project (`file`), or one that the installation allows (`with.command`). */
export interface CommandCall extends ActionCall {
  readonly custom?: CustomRole | undefined;
  readonly trust: 'trusted' | 'untrusted';
}

export interface ProgressOfItems {
  /** Items begun so far; all of them have ended when the workflow continues as new. */
  readonly next: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly firstFailure?: StepFailure | undefined;
}

/** What a continued execution needs to know; outputs are in the ledger. */
export interface StoredState {
  readonly attempt: number;
  /** One character for each step: the place of its status in `STEP_STATUSES`, as base 36. */
  readonly statuses: string;
  readonly items: Readonly<Record<string, ProgressOfItems>>;
  /** When a step that waits stops waiting, in milliseconds of the epoch. */
  readonly deadlines: Readonly<Record<string, number>>;
  readonly signals: Readonly<Record<string, readonly JsonObject[]>>;
  /** Steps that can be undone, in the order of their ends. */
  readonly done: readonly string[];
  readonly failures: readonly { readonly step: string; readonly failure: StepFailure }[];
  readonly startedAt: number;
  /** What `setup_environment` has said of the surroundings. */
  readonly variables?: Readonly<Record<string, string>>;
}

export interface StoredInput extends WorkflowInput<StoredParams> {
  /** Set when the workflow continued as new. */
  readonly resume?: StoredState;
}

export interface StepRecord extends StepKey {
  readonly status: StepStatus;
  readonly outputs?: JsonObject | undefined;
  readonly failure?: StepFailure | undefined;
}

/** Quick: rows of the ledger. Each is harmless when repeated. */
export interface StoredRecords {
  /** A part of the definition's JSON, from this character on. */
  definitionPart(input: { readonly digest: string; readonly from: number }): Promise<{ text: string; total: number }>;
  recordSteps(input: { readonly records: readonly StepRecord[] }): Promise<void>;
  /** Outputs of steps that have ended; as many as fit, in the order asked for. */
  stepOutputs(input: {
    readonly execution: string;
    readonly attempt: number;
    readonly steps: readonly string[];
  }): Promise<Record<string, JsonObject>>;
  itemsPart(input: { readonly digest: string; readonly from: number }): Promise<{ items: Json[]; total: number }>;
  /** Steps of another execution that this one takes over; answers which it found. */
  takeOver(input: {
    readonly from: string;
    readonly execution: string;
    readonly steps: readonly string[];
  }): Promise<Record<string, StepStatus>>;
  /** Executions that were started before this one and have not ended. `all`: of every stored definition. */
  aheadOf(input: {
    readonly execution: string;
    readonly all: boolean;
  }): Promise<{ ahead: string | null; onlyOne: boolean }>;
}

export interface StoredActivities extends StoredRecords {
  /** Does what a step asks for. What the step came to is an answer; thrown is what may be tried again. */
  runAction(call: ActionCall): Promise<StepResult>;
  /** Outputs of a step with items: counts, and the outputs of each. */
  collectItems(input: Omit<StepKey, 'item' | 'try'> & { readonly count: number }): Promise<StepResult>;
  /** Puts the execution of another workflow into the ledger, as a child of this one. */
  requestChild(input: {
    readonly parent: string;
    readonly key: string;
    readonly workflow: string;
    readonly params: JsonObject;
    readonly depth: number;
    readonly source?: Source | undefined;
  }): Promise<{ readonly type: string; readonly input: WorkflowInput }>;
  /** Waits until an execution that somebody else has started has ended. */
  awaitExecution(input: {
    readonly execution: string;
  }): Promise<{ outcome: string; sentence: string; outputs: JsonObject }>;
}

/** On a runner's queue. */
export interface CommandActivities {
  /** Runs a program in the cage. May run twice when a runner is lost. */
  runCommand(call: CommandCall): Promise<StepResult>;
}

const COMMIT_VARIABLE = 'BATON_COMMIT';

/** The code that a step works on: the commit that `setup_environment` has fixed, where one has. */
export function sourceOf(source: Source | undefined, variables: Readonly<Record<string, string>>): Source | undefined {
  const commit = variables[COMMIT_VARIABLE];
  return source?.kind === 'commit' && commit !== undefined ? { ...source, commit } : source;
}

/** The test run that a step asks for. */
export function runRequest(
  settings: JsonObject,
  source: Source,
  variables: Readonly<Record<string, string>>,
): StartRun {
  const suites = suitesOf(settings);
  const parallel = settings['parallel'] !== false;
  const workers = parallel ? settings['max_workers'] : 1;
  return {
    source,
    options: {
      ...(suites.length > 0 ? { suites } : {}),
      ...(typeof settings['filter'] === 'string' && settings['filter'] !== '' ? { filter: settings['filter'] } : {}),
      ...(typeof workers === 'number' ? { workers } : {}),
      ...(typeof settings['retries'] === 'number' ? { retries: settings['retries'] } : {}),
      bail: settings['bail'] === true,
      ...(Object.keys(variables).length > 0 ? { variables } : {}),
    },
    priority: 'by-suite',
  };
}

function suitesOf(settings: JsonObject): string[] {
  const { suites, test_suite } = settings;
  if (Array.isArray(suites) && suites.length > 0) return suites.map(String);
  return typeof test_suite === 'string'
    ? test_suite
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== '' && name !== 'all')
    : [];
}

/** What tests are told of their surroundings. */
export function variablesOf(
  settings: JsonObject,
  before: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const out = { ...before };
  for (const [input, name] of [
    ['environment', 'BATON_ENVIRONMENT'],
    ['browser', 'BATON_BROWSER'],
    ['headless', 'BATON_HEADLESS'],
    ['base_url', 'BATON_BASE_URL'],
    ['commit', COMMIT_VARIABLE],
  ] as const) {
    const value = settings[input];
    if ((typeof value === 'string' && value !== '') || typeof value === 'boolean') out[name] = String(value);
  }
  const tags = settings['test_tags'];
  if (Array.isArray(tags) && tags.length > 0) out['BATON_TEST_TAGS'] = tags.map(String).join(',');
  return out;
}
