/** What is on record of a fix: who works on which failure, what became of it, and who said so. */
import { z } from 'zod';

export const FixState = z.enum(['working', 'offered', 'merged', 'closed', 'rejected', 'unfixed', 'observed']);
export type FixState = z.infer<typeof FixState>;

export const FixRecord = z
  .object({
    execution: z.string().describe('Execution of the fix.'),
    project: z.string(),
    fingerprint: z.string().describe('The same for the same failure of the project, at whatever commit.'),
    run: z.string().describe('The run whose tests failed.'),
    state: FixState,
    pullRequest: z.int().nullable(),
    url: z.string().nullable().describe('Address of the pull request.'),
    by: z.string().nullable().describe('Who approved it, or who merged, closed or refused it.'),
    reason: z.string().nullable(),
  })
  .meta({ id: 'FixRecord' });
export type FixRecord = z.infer<typeof FixRecord>;

export const FixList = z.object({ items: z.array(FixRecord) }).meta({ id: 'FixList' });
export type FixList = z.infer<typeof FixList>;
