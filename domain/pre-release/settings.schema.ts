/** Section `preRelease` of a project's `baton.config.yaml`. */
import { z } from 'zod';
import { PRIORITIES } from '../priority.js';

export const RiskTier = z.enum(['critical', 'high', 'medium', 'low']).meta({
  id: 'RiskTier',
  description: 'How much a wrong change to a file may cost. Belongs to a change, not to a test.',
});
export type RiskTier = z.infer<typeof RiskTier>;

const Globs = z.array(z.string().min(1).max(1000)).min(1).max(200);
const SuiteNames = z.array(z.string().min(1).max(100)).max(200);

export const RiskArea = z.strictObject({
  name: z.string().min(1).max(100).describe('What the area is called in reports.'),
  paths: Globs.describe('Globs of its files, relative to the project.'),
  tier: RiskTier.describe('Risk tier of a change to them.'),
});
export type RiskArea = z.infer<typeof RiskArea>;

export const PreReleaseConfig = z
  .strictObject({
    areas: z
      .array(RiskArea)
      .max(100)
      .default([])
      .describe('Areas of the code and their risk tiers; the first that fits a file counts, then the built-in rules.'),
    gate: z
      .strictObject({
        blocksFrom: z
          .enum(PRIORITIES)
          .default('medium')
          .describe(
            'Suites of this priority or a higher one block the merge when they are red; those below only warn.',
          ),
        blocking: SuiteNames.default([]).describe('Suites that block whatever their priority is.'),
        warning: SuiteNames.default([]).describe('Suites that only warn whatever their priority is.'),
      })
      .prefault({})
      .describe('Which red suites block a merge. A change of a stranger is judged by the rules of its base commit.'),
    rest: z
      .enum(['after', 'beside'])
      .default('after')
      .describe('When suites of lower priority begin: after those of high priority, or at once beside them.'),
    fix: z.boolean().default(true).describe('Whether a fix is tried when the gate blocks.'),
  })
  .meta({ id: 'PreReleaseConfig' });
export type PreReleaseConfig = z.infer<typeof PreReleaseConfig>;
