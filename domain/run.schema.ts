import { z } from 'zod';
import { RunBlame } from './blame.schema.js';
import { RunStatus, Verdict } from './outcome.schema.js';
import { PRIORITIES } from './priority.js';
import { Origin, Stuck } from './travel.schema.js';

/** Where the code under test comes from. */
export const Source = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('directory'),
      dir: z
        .string()
        .min(1)
        .max(4096)
        .describe('Absolute path of a project. Tests run in place, uncommitted changes included.'),
    }),
    z.strictObject({
      kind: z.literal('commit'),
      repository: z.string().min(1).max(4096).describe('Absolute path or URL of a git repository.'),
      commit: z
        .string()
        .min(1)
        .max(250)
        .describe('Commit id, branch or tag. It is pinned to a commit id when the run begins.'),
    }),
  ])
  .meta({ id: 'Source' });
export type Source = z.infer<typeof Source>;

export const RunOptions = z
  .strictObject({
    suites: z
      .array(z.string().min(1).max(100))
      .max(200)
      .optional()
      .describe('Names of the suites to run. Default: all.'),
    filter: z
      .string()
      .min(1)
      .max(500)
      .optional()
      .describe('Only test files whose path contains this text, or matches it where it holds `*`.'),
    workers: z.int().min(1).max(256).optional().describe('Most batches that run at one time.'),
    bail: z.boolean().default(false).describe('Stop after the first failure; what did not run is reported as not run.'),
    retries: z.int().min(0).max(10).optional().describe('Overrides the retries of every suite.'),
    base: z
      .string()
      .min(1)
      .max(250)
      .optional()
      .describe('Commit, branch or tag that failures are compared with. Default: see docs/decisions/0010-blame.md.'),
    blame: z
      .boolean()
      .optional()
      .describe('false: ask nobody whose fault a failure is; every red test gates. Default: true.'),
    variables: z
      .record(z.string().regex(/^BATON_[A-Z][A-Z0-9_]{0,60}$/, 'names begin with BATON_'), z.string().max(1000))
      .refine((all) => Object.keys(all).length <= 20, 'at most 20')
      .optional()
      .describe('Variables that every test process gets, such as `BATON_BROWSER`; the run notes them.'),
  })
  .meta({ id: 'RunOptions' });
export type RunOptions = z.infer<typeof RunOptions>;

/** Body of `POST /api/runs`. */
export const StartRun = z
  .strictObject({
    source: Source,
    project: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .describe('Name of the project. Default: what the project says itself.'),
    options: RunOptions.prefault({}),
    priority: z
      .union([z.enum([...PRIORITIES, 'by-suite']), z.int().min(1).max(5)])
      .default('by-suite')
      .describe(
        'Which batches runners take first. 1 is critical, 5 background. `by-suite`: each suite has its own (docs/configuration.md).',
      ),
    trust: z
      .literal('untrusted')
      .optional()
      .describe(
        'Runs the code without network, secrets or sight of the machine, such as the change of a stranger. Default: as far as who asks may vouch for the source. No request can ask for more.',
      ),
  })
  .meta({ id: 'StartRun' });
export type StartRun = z.infer<typeof StartRun>;

export const TrustClass = z.enum(['trusted', 'untrusted']);
export type TrustClass = z.infer<typeof TrustClass>;

/** Who asked, for which project, and how far the code is trusted: on every row, request, event and artifact. */
export const Provenance = z.object({
  principal: z.string().max(200),
  project: z.string().max(100),
  trust: TrustClass,
});
export type Provenance = z.infer<typeof Provenance>;

export const Totals = z
  .object({
    passed: z.int().nonnegative(),
    failed: z.int().nonnegative(),
    skipped: z.int().nonnegative(),
    flaky: z.int().nonnegative(),
    notRun: z.int().nonnegative(),
  })
  .meta({ id: 'Totals' });
export type Totals = z.infer<typeof Totals>;

/** Why an execution could not do what it was asked, as opposed to a red test. */
export const Problem = z
  .object({
    name: z.string().describe('Closed list, see domain/failures.ts.'),
    message: z.string().describe('What happened and what to do.'),
    usage: z
      .boolean()
      .describe(
        'True when the caller or the configuration is at fault (exit code 2), false when we could not find out (3).',
      ),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof Problem>;

export const Run = z
  .object({
    id: z.string().describe('Execution id; also the Temporal Workflow Id.'),
    project: z.string(),
    principal: z.string(),
    trust: TrustClass,
    source: Source,
    options: RunOptions,
    priority: z.string(),
    status: RunStatus,
    verdict: Verdict.nullable(),
    problem: Problem.nullable(),
    sentence: z.string().nullable().describe('The verdict in one sentence: counts, expected and observed files.'),
    notes: z
      .array(z.string())
      .describe('What a reader of the verdict should know: suites run serially, weaker isolation …'),
    totals: Totals,
    blame: RunBlame.nullish().describe('Whose fault its failures are; null when there is none.'),
    expectedFiles: z.int().nullable(),
    commit: z.string().nullable().describe('Commit id; for a directory with changes the id of its HEAD.'),
    dirty: z.boolean().nullable(),
    branch: z.string().nullable(),
    temporalRunId: z.string().nullable(),
    createdAt: z.iso.datetime(),
    startedAt: z.iso.datetime().nullable(),
    endedAt: z.iso.datetime().nullable(),
    durationMs: z.number().nullable(),
    origin: Origin.optional().describe('Set for reruns and for executions that go on from an earlier one.'),
    stuck: Stuck.optional().describe('Set while the execution makes no progress.'),
  })
  .meta({ id: 'Run' });
export type Run = z.infer<typeof Run>;
