/** What repair needs from the outside. */
import type { Candidate } from './candidate.schema.js';
import type { Suspicion } from './suspicion.js';

/** What knows the languages that fixes are made for. */
export interface RepairTools {
  /** Whether templates and sabotage know the language of this file. */
  knows(path: string): boolean;
  /** Candidates, best first, with ids `t1`, `t2` …; each parses. */
  generate(input: {
    readonly files: ReadonlyMap<string, string>;
    readonly suspicion: Suspicion;
    readonly limit: number;
  }): Candidate[];
  /** Paths that a file imports and that are among `known`. */
  imports(path: string, text: string, known: ReadonlySet<string>): string[];
  /** The first thing that does not parse, or null. */
  syntaxError(path: string, text: string): string | null;
  /** The text with the function around each offset made unusable; undefined where there is none. */
  sabotage(path: string, text: string, offset: number): string | undefined;
}

/** One file of a variant, whole. */
export interface Change {
  /** Relative to the repository. */
  readonly path: string;
  readonly text: string;
}

export type TrialOutcome = 'passed' | 'failed' | 'timeout';
