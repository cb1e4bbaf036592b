/** What the parts around definitions give each other. */
import type { Definition } from './definition.schema.js';

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
