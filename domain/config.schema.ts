/** `baton.config.yaml` or `baton.config.json`: everything a project can set. The manual is generated from this file. */
import { z } from 'zod';
import { FRAMEWORKS } from './names.js';
import { Retries } from './retry-policy.js';
import { ResourceName, SuiteNeeds } from './needs.schema.js';
import { PostDeployConfig } from './post-deploy/settings.schema.js';
import { PreReleaseConfig } from './pre-release/settings.schema.js';
import { PRIORITIES } from './priority.js';

export const FrameworkName = z.enum(FRAMEWORKS).meta({ id: 'FrameworkName' });
export type FrameworkName = z.infer<typeof FrameworkName>;

/** Limits of one attempt of one batch. What is absent is not limited, except time and output. */
export const Limits = z
  .strictObject({
    timeoutMs: z
      .int()
      .min(100)
      .max(86_400_000)
      .default(1_800_000)
      .describe('Longest time one batch may take, in milliseconds.'),
    silenceMs: z
      .int()
      .min(1000)
      .max(86_400_000)
      .optional()
      .describe('Ends a batch that has printed nothing and reported nothing for so long, in milliseconds.'),
    graceMs: z
      .int()
      .min(0)
      .max(600_000)
      .default(10_000)
      .describe('Time between the polite SIGTERM and SIGKILL, in milliseconds.'),
    memoryMb: z.int().min(16).max(1_048_576).optional().describe('Memory of the whole process tree, in MiB.'),
    processes: z.int().min(1).max(1_000_000).optional().describe('Most processes and threads at one time.'),
    openFiles: z
      .int()
      .min(16)
      .max(1_048_576)
      .optional()
      .describe(
        'Most open files of each process. Beyond it the program itself is told EMFILE; its tests say how that ends.',
      ),
    diskMb: z
      .int()
      .min(1)
      .max(10_485_760)
      .optional()
      .describe(
        'What one batch may write to disk, in MiB, wherever it writes; counted by the kernel, looked at every 250 ms. Linux only.',
      ),
    outputMb: z
      .int()
      .min(1)
      .max(102_400)
      .default(1024)
      .describe('Output after which the batch is ended, in MiB. What is kept is less: first 1 MiB and last 4 MiB.'),
  })
  .meta({ id: 'Limits' });
export type Limits = z.infer<typeof Limits>;

const Globs = z.array(z.string().min(1)).min(1).max(200);

export const SuiteConfig = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9][\w.@/-]{0,99}$/, 'letters, digits, and . _ @ / - only')
      .describe('Name of the suite, unique in the project.'),
    framework: FrameworkName.describe('Which adapter runs it. `command` stands for any command that leaves a report.'),
    dir: z.string().default('.').describe('Directory of the suite, relative to the project.'),
    include: Globs.optional().describe(
      'Globs of test files, relative to `dir`. Default: what the framework itself would run.',
    ),
    exclude: Globs.optional().describe('Globs of test files to leave out.'),
    configFile: z
      .string()
      .optional()
      .describe("The framework's own configuration file, relative to `dir`, when it is not the usual one."),
    command: z
      .array(z.string())
      .min(1)
      .optional()
      .describe(
        'Program and arguments. Needed by `command`; for other frameworks it replaces how the tool is started.',
      ),
    args: z.array(z.string()).default([]).describe("Extra arguments for the framework's command."),
    report: z
      .strictObject({
        format: z.enum(['junit', 'ctrf', 'tap']).describe('Form of the report.'),
        path: z
          .string()
          .optional()
          .describe('Glob of report files relative to `dir`. For `tap` the default is standard output.'),
      })
      .optional()
      .describe('What the command leaves behind. Needed by `command`.'),
    env: z
      .strictObject({
        set: z.record(z.string(), z.string()).default({}).describe('Variables to set.'),
        pass: z
          .array(z.string())
          .default([])
          .describe('Names of variables of the runner to hand on. Test processes see an allow-list only.'),
      })
      .prefault({})
      .describe('Environment of the test process.'),
    limits: Limits.prefault({}).describe('Limits of one attempt of one batch.'),
    isolation: z
      .enum(['bubblewrap', 'pid-namespace'])
      .optional()
      .describe(
        'Weakest isolation its batches may run with. A machine that has less starts nothing: the batch ends as `blocked_policy`.',
      ),
    retries: Retries.default(1).describe(
      'How often a failed test is tried again, in a fresh process: a number, or a policy with waits. A pass after a failure is flaky, not passed.',
    ),
    sideBySide: z
      .boolean()
      .optional()
      .describe('Whether batches of this suite may run at the same time. Default: found out.'),
    leases: z
      .strictObject({
        ports: z.int().min(0).max(32).default(0).describe('Free TCP ports for each lane, given as BATON_PORT_0 ….'),
        database: z
          .string()
          .optional()
          .describe('Prefix of a database name of its own for each lane, given as BATON_DATABASE.'),
        resources: z
          .array(
            z.union([
              ResourceName,
              z.strictObject({
                name: ResourceName,
                count: z.int().min(1).max(1000).describe('Units that one batch holds.'),
              }),
            ]),
          )
          .max(20)
          .default([])
          .describe(
            'Shared things a batch holds while it runs, such as `db` or `{ name: db, count: 1 }`. It waits until all of them are free.',
          ),
      })
      .prefault({})
      .describe('Things each lane gets for itself. Every lane has its own temporary folder anyway.'),
    needs: SuiteNeeds.prefault({}).describe('What the suite needs of a runner.'),
    priority: z
      .enum(PRIORITIES)
      .optional()
      .describe(
        'Priority of its batches when the run asks for none. Default: by the words in its name and directory (`ai` critical, `integration` high, `snapshot` low, else medium).',
      ),
  })
  .meta({ id: 'SuiteConfig' });
export type SuiteConfig = z.infer<typeof SuiteConfig>;

export const BlameConfig = z
  .strictObject({
    rerunAtBase: z
      .boolean()
      .default(true)
      .describe('Whether tests that stay red are run again at the base commit, to see whether they were red before.'),
    maxTests: z
      .int()
      .min(0)
      .max(1000)
      .default(50)
      .describe('Most tests that are run at the base commit; the others count as caused by the change.'),
    budgetMs: z
      .int()
      .min(1000)
      .max(86_400_000)
      .default(600_000)
      .describe('Time for all reruns at the base commit, in milliseconds; after it no further file is begun.'),
  })
  .meta({ id: 'BlameConfig' });
export type BlameConfig = z.infer<typeof BlameConfig>;

export const ProjectConfig = z
  .strictObject({
    project: z
      .string()
      .regex(/^[A-Za-z0-9][\w.@/-]{0,99}$/, 'letters, digits, and . _ @ / - only')
      .optional()
      .describe('Name of the project. Default: from package.json, go.mod, pyproject.toml or the folder.'),
    suites: z.array(SuiteConfig).min(1).max(200).optional().describe('Suites. Default: detected.'),
    removed: z
      .array(z.string().min(1).max(100))
      .max(200)
      .optional()
      .describe(
        'Suites that earlier runs had and that are gone on purpose. Without it a run that lacks them is incomplete.',
      ),
    allowEmpty: z
      .array(z.string().min(1).max(100))
      .max(200)
      .optional()
      .describe('Suites in which no test needs to run: all skipped, or no test files. Otherwise that is incomplete.'),
    lanes: z
      .int()
      .min(1)
      .max(256)
      .optional()
      .describe('Most batches that run at one time. Default: the number of runners.'),
    setup: z
      .array(z.string())
      .min(1)
      .optional()
      .describe('Command that prepares a fresh checkout. Default: detected (`npm ci`, `uv sync` …).'),
    blame: BlameConfig.optional().describe('How it is found out whose fault a failure is.'),
    retries: Retries.optional().describe('Default of `suites[].retries`.'),
    preRelease: PreReleaseConfig.optional().describe('How a change is judged before it is merged.'),
    postDeploy: PostDeployConfig.optional().describe('What is looked at after a deployment.'),
    resources: z
      .record(ResourceName, z.int().min(1).max(1000))
      .optional()
      .describe('Units of each shared thing that `suites[].leases.resources` names, such as `db: 2`. Default: 1.'),
  })
  .meta({ id: 'ProjectConfig' });
export type ProjectConfig = z.infer<typeof ProjectConfig>;
