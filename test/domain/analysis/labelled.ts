/**
 * Failures of small tests that were written to fail, as Baton's adapters read them from the real frameworks (Vitest, Jest,
 * Mocha, node:test, pytest, go test, cargo test), each with the class it was made for. A third of the scenarios was held
 * back: the rules were written without looking at them. `variant` numbers repetitions of one scenario with other values.
 */
import { readFileSync } from 'node:fs';
import type { ErrorClass } from '../../../domain/analysis/analysis.schema.js';
import type { FailedTry } from '../../../domain/analysis/signals.js';

export interface Labelled extends FailedTry {
  readonly id: string;
  /** The scenario: failures of one group are the same mistake with other values, or in another framework. */
  readonly group: string;
  readonly framework: string;
  readonly label: ErrorClass;
  readonly heldBack: boolean;
  readonly variant: number;
}

export const LABELLED: readonly Labelled[] = readFileSync(new URL('./labelled.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Labelled);
