/** `fix` in the installation's settings: how far Baton goes by itself, and for which failures. */
import { z } from 'zod';

export const FixLevel = z.enum(['observe', 'suggest', 'apply']).meta({
  id: 'FixLevel',
  description:
    '`observe`: finds and verifies a fix and tells of it. `suggest`: opens a pull request once a person has approved. `apply`: opens it at once.',
});
export type FixLevel = z.infer<typeof FixLevel>;

/** What kinds of failures are tried. Everything else is left to people. */
export const FixableClass = z.enum(['assertion', 'exception', 'load']);
export type FixableClass = z.infer<typeof FixableClass>;

export const FixSettings = z
  .strictObject({
    level: FixLevel.default('suggest').describe('How far Baton goes by itself, where a fix does not say.'),
    classes: z
      .array(FixableClass)
      .min(1)
      .default(['assertion', 'exception'])
      .describe(
        'Failures that are tried: a failed assertion, an error in the code under test, a file that does not load.',
      ),
    maxTests: z.int().min(1).max(50).default(10).describe('More failing tests than this are no simple matter.'),
    attemptsPerWeek: z.int().min(1).max(100).default(3).describe('Most tries for one failure in seven days.'),
    approvalDays: z.int().min(1).max(90).default(7).describe('How long a suggestion waits for a person.'),
    followDays: z.int().min(1).max(90).default(30).describe('How long a pull request is followed.'),
    searchMs: z
      .int()
      .min(1000)
      .max(3_600_000)
      .default(180_000)
      .describe('Time for trying candidates, in milliseconds.'),
    labels: z
      .array(z.string().min(1).max(50))
      .max(10)
      .default(['auto-fix', 'needs-review'])
      .describe('Labels of the pull request.'),
    reviewers: z
      .array(z.string().min(1).max(100))
      .max(15)
      .default([])
      .describe('Asked beside the owners that CODEOWNERS names.'),
  })
  .meta({ id: 'FixSettings' });
export type FixSettings = z.infer<typeof FixSettings>;
