/** What a repair has tried and shown: an artifact of the execution, and the source of the evidence in a pull request. */
import { z } from 'zod';
import { Candidate } from './candidate.schema.js';

const count = z.int().nonnegative();

export const Trialled = z.object({
  candidate: Candidate,
  refuted: z.string().nullable().describe('Why it is not verified; null when it is.'),
  repeats: count.describe('Runs of the failing tests with the patch, all green unless refuted.'),
  wholeTests: count.nullable().describe('Tests of the whole suites that ran with the patch.'),
  revertedRed: count.describe('Tests that failed again without the patch.'),
  sabotage: z.enum(['red', 'green', 'not tried']).describe('The tests with the changed function made unusable.'),
  rank: count.describe('Place among all candidates, from 1.'),
});
export type Trialled = z.infer<typeof Trialled>;

export const RepairReport = z
  .object({
    version: z.literal(1),
    outcome: z.enum(['verified', 'ambiguous', 'none', 'not reproduced', 'flaky', 'nothing to change']),
    sentence: z.string().max(1000),
    failing: z.array(z.object({ suite: z.string(), file: z.string(), test: z.string() })).max(100),
    located: z.enum(['coverage', 'frames']).nullable(),
    suspects: z.array(z.object({ file: z.string(), line: z.int(), suspicion: z.number() })).max(20),
    candidates: count.describe('Candidates that were made or handed in.'),
    refused: z.array(z.object({ id: z.string(), rule: z.string(), message: z.string() })).max(200),
    tried: count,
    timeouts: count,
    survivors: z.array(Candidate).max(50).describe('What made the failing tests pass in the sieve, best first.'),
    finalists: z.array(Trialled).max(20),
    winner: z.string().nullable().describe('Id of the verified candidate.'),
    rivals: z.array(z.string()).describe('Survivors that behave differently on inputs no test has.'),
    durationMs: z.number(),
  })
  .meta({ id: 'RepairReport' });
export type RepairReport = z.infer<typeof RepairReport>;
