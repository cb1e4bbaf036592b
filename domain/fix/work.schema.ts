/** What a fix execution is about, fixed before it begins: an artifact of the failed run, read by runners. */
import { z } from 'zod';
import { Candidate } from './candidate.schema.js';

export const FixWork = z
  .object({
    version: z.literal(1),
    fix: z.string().max(200).describe('Execution id of the fix.'),
    run: z.string().max(200).describe('The run whose tests failed.'),
    repository: z.string().max(4096),
    commit: z.string().max(64),
    failing: z
      .array(z.object({ suite: z.string(), files: z.array(z.string().max(1024)).min(1).max(20) }))
      .min(1)
      .max(10),
    tests: z.array(z.object({ file: z.string(), name: z.string().max(500), message: z.string().max(4000) })).max(50),
    limits: z.object({
      runMs: z.int().positive(),
      candidates: z.int().positive(),
      searchMs: z.int().positive(),
      finalists: z.int().positive(),
      repeats: z.int().positive(),
      gate: z.object({ files: z.int(), lines: z.int(), bytes: z.int() }),
    }),
  })
  .meta({ id: 'FixWork' });
export type FixWork = z.infer<typeof FixWork>;

/** Candidates on their way from one stage to the next, best first. */
export const FixCandidates = z
  .object({ version: z.literal(1), candidates: z.array(Candidate).max(5000) })
  .meta({ id: 'FixCandidateList' });
export type FixCandidates = z.infer<typeof FixCandidates>;

/** What a language model is asked for. */
export const ProposedPatches = z.strictObject({
  patches: z.array(z.strictObject({ diff: z.string().max(20_000), cause: z.string().max(500) })).max(3),
});

/** Parts that runners read again, by the name of their artifact. */
export const FIX_PARTS = { work: FixWork, candidates: FixCandidates, survivors: FixCandidates } as const;
export type FixPart = keyof typeof FIX_PARTS;
export const FixPartName = z.enum(['work', 'candidates', 'survivors']);

export const fixArtifact = (fix: string, part: FixPart | 'report' | 'model'): string => `fix/${fix}/${part}.json`;

/** A runner's way to it. */
export interface FixApi {
  work(run: string, fix: string): Promise<FixWork>;
  candidates(run: string, fix: string, part: 'candidates' | 'survivors'): Promise<FixCandidates>;
  /** Whether the fix is over, so that its checkouts may serve others. */
  over(fix: string): Promise<boolean>;
}

/** Checkouts of a fix, one for each lane. `~` is no part of an execution id. */
export const fixWorkspace = (fix: string, lane: number): string => `${fix}~fix${lane}`;
export const fixOfWorkspace = (name: string): string | undefined => /^(.+)~fix\d$/.exec(name)?.[1];
