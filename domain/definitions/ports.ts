/** What the parts around definitions give each other. */
import type { Source } from '../run.schema.js';
import type { Definition } from './definition.schema.js';
import type { ActionCall } from './execution.js';
import type { JsonObject } from './json.js';

export interface DocumentMistake {
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** Path in the document, such as `steps.3.with.url`. */
  readonly path: string;
  readonly message: string;
  /** `file:line:column message`. */
  readonly text: string;
}

export interface ReadDefinition {
  /** Undefined when there is a mistake. */
  readonly definition: Definition | undefined;
  readonly mistakes: readonly DocumentMistake[];
}

/** `name` is what positions begin with; `drafts`: no steps are no mistake. */
export type DefinitionReader = (text: string, name: string, options?: { readonly drafts?: boolean }) => ReadDefinition;

/** Does one action of a role on the control process. Throws `StepProblem` for what the step came to. */
export type ActionHandler = (
  call: ActionCall & { readonly project: string; readonly principal: string; readonly trust: 'trusted' | 'untrusted' },
  signal: AbortSignal,
) => Promise<JsonObject>;

/** The one way by which requests of definitions leave. */
export interface HttpEgress {
  /** Throws `Error` with a sentence: the host is not allowed, it does not answer. */
  request(ask: {
    readonly method: string;
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: string | undefined;
    readonly signal: AbortSignal;
  }): Promise<{ readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly text: string }>;
}

/** Fixes a commit, so that every step of an execution tests the same; empty for a directory. */
export type PinCommit = (source: Source) => Promise<string>;
