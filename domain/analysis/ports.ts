/** What failure analysis needs from the outside. */
import type { Plan } from '../plan.schema.js';
import type { Run } from '../run.schema.js';
import type { Analysis } from './analysis.schema.js';
import type { ChangedFile } from './candidates.js';

export interface Changes {
  /** Lines that the tested code changes against its base; undefined where there is no base or it cannot be read from here. */
  between(run: Run, plan: Plan): Promise<readonly ChangedFile[] | undefined>;
}

/** The stored analysis of an execution. */
export interface Analyses {
  /** As stored, or made by rules and stored. Throws `NotFound`, and `ProjectProblem` while the run is not finished. */
  of(execution: string): Promise<Analysis>;
}
