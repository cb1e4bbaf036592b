/** Vitest 0.34 to 4. Results come from `reporters/vitest-reporter.mjs`. */
import type {
  CommandRequest,
  CommandSpec,
  DiscoveredFile,
  ExecResult,
  FrameworkAdapter,
  ProjectAccess,
} from '../../domain/framework.js';
import type { Suite } from '../../domain/plan.schema.js';
import { eventLineReader } from './event-lines.js';
import { type ArgRules, besides, hasOption, keepOptions, majorOf, names, splitArgs, workerLimit } from './js-args.js';
import { detectSuites, firstFile, type JsFramework, withExtensions } from './js-detect.js';
import {
  batchEnv,
  discoveredFiles,
  discoveryFailed,
  LIST_MARK,
  launchOf,
  listedFiles,
  LOOK_TIMEOUT_MS,
  requireTool,
  suiteDir,
  type Tool,
} from './js-shared.js';
import { reporterPath } from './reporter-path.js';

const RULES: ArgRules = {
  value: new Set(
    names(`
      -c --config -r --root --dir --environment --pool --project --mode -t --testNamePattern --reporter --outputFile
      --maxWorkers --minWorkers --shard --retry --bail --testTimeout --hookTimeout --teardownTimeout --exclude
      --workspace --maxConcurrency --slowTestThreshold --vmMemoryLimit --execArgv --tags-filter --configLoader
      --minThreads --maxThreads --changed --cacheDir --segfaultRetry
    `),
  ),
};
/** Ours to say, or about watching and printing. */
const OURS = names(`
  --reporter --outputFile --outputFile. --watch -w --run --ui --open --silent --color --no-color
`);
const WORKERS = ['--maxWorkers', '--minWorkers', '--maxThreads', '--minThreads'];
const SERIAL = ['--no-file-parallelism', '--no-fileParallelism', '--single-thread', '--no-threads'];
/** Choices of the moment, which a script may hold for people at a keyboard. */
const NARROWING = names(`
  --changed --shard --bail -u --update --hideSkippedTests --standalone --clearScreen
`);
const COVERAGE = names(`
  --coverage --coverage.
`);
const COMMANDS = new Set(
  names(`
      run watch dev related bench list init typecheck
    `),
);

const framework: JsFramework = {
  name: 'vitest',
  tools: ['vitest'],
  dependencies: ['vitest'],
  fromCall(call, words) {
    const { options, rest } = splitArgs(words, RULES);
    const command = rest[0] !== undefined && COMMANDS.has(rest[0]) ? rest[0] : 'run';
    if (!['run', 'watch', 'dev'].includes(command)) return undefined;
    const args = [
      ...keepOptions(options, [...OURS, ...WORKERS, ...NARROWING, ...COVERAGE]),
      ...rest.filter((word, i) => i > 0 || !COMMANDS.has(word)),
    ];
    return { args, env: call.env, command: nodeCommand(call.nodeArgs) };
  },
  async ownSign(pkg, project) {
    const extensions = ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs'];
    const own = await firstFile(pkg, project, [
      ...withExtensions('vitest.config', extensions),
      ...withExtensions('vitest.workspace', [...extensions, 'json']),
      ...withExtensions('vitest.projects', extensions),
    ]);
    if (own) return `${own} configures it`;
    const vite = await firstFile(pkg, project, withExtensions('vite.config', extensions));
    const text = vite ? await project.readText(vite) : undefined;
    return text !== undefined && /\btest\s*:/.test(text) ? `${vite} has a \`test\` section` : undefined;
  },
};

/** `node --flags …/vitest.mjs`: only the flags have to be kept, the tool's own path is found again. */
function nodeCommand(nodeArgs: readonly string[]): string[] | undefined {
  return nodeArgs.length > 0 ? ['node', ...nodeArgs, 'node_modules/vitest/vitest.mjs'] : undefined;
}

export const vitestAdapter: FrameworkAdapter = {
  name: 'vitest',
  // Vitest selects by one expression over joined names, which two tests can share; a rerun takes the whole file.
  selectsTests: false,
  detect: (project) => detectSuites(framework, project),
  discover,
  sideBySide: async (suite) => besides(suiteArgs(suite).limit),
  command,
  reader: () => eventLineReader(),
  exitMeaning: (code) => (code === 0 ? 'green' : code === 1 ? 'red' : 'broken'),
  async version(suite, project) {
    const tool = requireTool(project.root, suite, 'vitest');
    const result = await run(suite, project, tool, ['--version']);
    if (result.code !== 0) throw discoveryFailed(suite, 'vitest --version', result);
    return `${result.stdout.trim()} (${tool.dir})`;
  },
};

function run(
  suite: Suite,
  project: ProjectAccess,
  tool: Tool,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<ExecResult> {
  const launch = launchOf(suite, tool, project.root);
  const env = { ...suite.env.set, NO_COLOR: '1', ...more };
  return project.exec(launch.command, [...launch.args, ...args], { dir: suite.dir, env, timeoutMs: LOOK_TIMEOUT_MS });
}

async function discover(suite: Suite, project: ProjectAccess): Promise<DiscoveredFile[]> {
  const tool = requireTool(project.root, suite, 'vitest');
  const { flags, patterns } = suiteArgs(suite);
  if (majorOf(tool.version) < 3) return discoverByReporter(suite, project, tool);
  const result = await run(suite, project, tool, ['list', '--filesOnly', '--json', ...flags, ...patterns]);
  const listed = parseList(result.stdout);
  if (listed) return discoveredFiles(suite, project, listed);
  if (/No test files found/i.test(result.stdout + result.stderr)) return [];
  throw discoveryFailed(suite, 'vitest list', result);
}

/** The list is the last JSON array printed; configuration files may have printed before it. */
export function parseList(stdout: string): string[] | undefined {
  for (let at = stdout.indexOf('['); at >= 0; at = stdout.indexOf('[', at + 1)) {
    try {
      const list = JSON.parse(stdout.slice(at)) as unknown;
      if (Array.isArray(list))
        return list.flatMap((item: unknown) =>
          typeof (item as { file?: unknown })?.file === 'string' ? [(item as { file: string }).file] : [],
        );
    } catch {
      // Not the beginning of the list yet.
    }
  }
  return undefined;
}

/** Before `vitest list` could name files, our reporter does, once Vitest has found them and before it runs them. */
async function discoverByReporter(suite: Suite, project: ProjectAccess, tool: Tool): Promise<DiscoveredFile[]> {
  const { flags, patterns } = suiteArgs(suite);
  const args = ['run', ...flags, `--reporter=${reporterPath('vitest-reporter.mjs')}`, ...patterns];
  const result = await run(suite, project, tool, args, { BATON_LIST: LIST_MARK });
  const listed = listedFiles(result.stdout);
  if (!listed) throw discoveryFailed(suite, 'looking up the files of vitest', result);
  return discoveredFiles(suite, project, listed);
}

interface SuiteArgs {
  /** Most workers that the project's own command line allows. */
  readonly limit: number | undefined;
  readonly flags: string[];
  /** Parts of file names that narrow the suite; they only matter for discovery. */
  readonly patterns: readonly string[];
  readonly coverage: boolean;
}

function suiteArgs(suite: Suite): SuiteArgs {
  const { options, rest } = splitArgs(suite.args, RULES);
  const config = suite.configFile ? ['--config', suite.configFile] : [];
  return {
    flags: [...config, ...keepOptions(options, [...OURS, ...WORKERS])],
    patterns: rest,
    coverage: hasOption(options, ...COVERAGE),
    limit: workerLimit(options, ['--maxWorkers', '--maxThreads'], SERIAL),
  };
}

async function command(request: CommandRequest): Promise<CommandSpec> {
  const { suite, cores } = request;
  const tool = requireTool(request.root, suite, 'vitest');
  const launch = launchOf(suite, tool, request.root);
  const { flags, coverage, limit: most } = suiteArgs(suite);
  const limit = workers(tool.version, Math.min(cores, most ?? cores));
  const args = [
    ...launch.args,
    'run',
    ...flags,
    `--reporter=${reporterPath('vitest-reporter.mjs')}`,
    ...limit.flags,
    ...(coverage ? [] : [majorOf(tool.version) < 1 ? '--no-coverage' : '--coverage.enabled=false']),
    ...(request.bail ? ['--bail=1'] : []),
    ...request.files,
  ];
  const env = { ...suite.env.set, ...limit.env, ...(await batchEnv(request)) };
  return { command: launch.command, args, cwd: suiteDir(request), env, events: 'file', warmupMs: 60_000 };
}

/** Before 2.0 the number of workers had other names on the command line in nearly every version, but the same in the environment. */
function workers(version: string, cores: number): { flags: string[]; env: Record<string, string> } {
  const major = majorOf(version);
  if (major >= 4) return { flags: [`--maxWorkers=${cores}`], env: {} };
  if (major >= 2) return { flags: [`--maxWorkers=${cores}`, '--minWorkers=1'], env: {} };
  const max = String(cores);
  return {
    flags: [],
    env: { VITEST_MAX_THREADS: max, VITEST_MIN_THREADS: '1', VITEST_MAX_FORKS: max, VITEST_MIN_FORKS: '1' },
  };
}
