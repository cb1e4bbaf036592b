/** Jest 26 to 30. Results come from `reporters/jest-reporter.cjs`. */
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
import { type ArgRules, besides, hasOption, keepOptions, names, splitArgs, workerLimit } from './js-args.js';
import { detectSuites, firstFile, type JsFramework, withExtensions } from './js-detect.js';
import {
  batchEnv,
  discoveredFiles,
  discoveryFailed,
  launchOf,
  LOOK_TIMEOUT_MS,
  requireTool,
  suiteDir,
  type Tool,
} from './js-shared.js';
import { reporterPath } from './reporter-path.js';

const RULES: ArgRules = {
  value: new Set(
    names(`
      -c --config --rootDir -t --testNamePattern --env --testEnvironment --maxWorkers -w --outputFile --testTimeout
      --shard --coverageDirectory --changedSince --filter --globalSetup --globalTeardown --globals --moduleNameMapper
      --preset --runner --testEnvironmentOptions --testRunner --transform --seed --cacheDirectory
      --workerIdleMemoryLimit --maxConcurrency --testResultsProcessor --testSequencer --snapshotSerializers
      --coverageProvider --prettierPath --resolver --testURL --openHandlesTimeout --coverageThreshold
    `),
  ),
  list: new Set(
    names(`
      --projects --selectProjects --ignoreProjects --testMatch --reporters --roots --setupFiles --setupFilesAfterEnv
      --collectCoverageFrom --coverageReporters --coveragePathIgnorePatterns --moduleDirectories
      --moduleFileExtensions --modulePathIgnorePatterns --modulePaths --testPathIgnorePatterns --testPathPattern
      --testPathPatterns --testRegex --transformIgnorePatterns --unmockedModulePathPatterns --watchPathIgnorePatterns
    `),
  ),
};
const OURS = names(`
  --reporters --json --outputFile --watch --watchAll --watchman --verbose --silent --color --colors --no-color
  --no-colors --noStackTrace --ci --useStderr --notify --listTests --runTestsByPath --expand --debug --showConfig
`);
const WORKERS = ['--maxWorkers', '-w'];
const SERIAL = ['--runInBand', '-i'];
const NARROWING = names(`
  --shard --bail -b -u --updateSnapshot -o --onlyChanged --changedSince --lastCommit --onlyFailures -f
  --findRelatedTests --passWithNoTests
`);
const COVERAGE = names(`
  --coverage --collectCoverage --collectCoverageFrom --coverageDirectory --coverageReporters --coverageThreshold
  --coverageProvider
`);
/** Options that choose files: needed to list them, in the way once they are listed. */
const CHOOSING = ['--testPathPattern', '--testPathPatterns'];
const CONFIG_EXTENSIONS = ['js', 'ts', 'mjs', 'cjs', 'json', 'mts', 'cts'];

const framework: JsFramework = {
  name: 'jest',
  tools: ['jest'],
  dependencies: ['jest', 'jest-cli'],
  fromCall(call, words) {
    const { options, rest } = splitArgs(words, RULES);
    const args = [...keepOptions(options, [...OURS, ...WORKERS, ...NARROWING, ...COVERAGE]), ...rest];
    const command = call.nodeArgs.length > 0 ? ['node', ...call.nodeArgs, 'node_modules/jest/bin/jest.js'] : undefined;
    return { args, env: call.env, command };
  },
  async ownSign(pkg, project) {
    const path = await firstFile(pkg, project, withExtensions('jest.config', CONFIG_EXTENSIONS));
    if (path) return `${path} configures it`;
    return pkg.json['jest'] === undefined ? undefined : 'package.json has a "jest" section';
  },
};

export const jestAdapter: FrameworkAdapter = {
  name: 'jest',
  // Jest selects by one expression over joined names, which two tests can share; a rerun takes the whole file.
  selectsTests: false,
  detect: (project) => detectSuites(framework, project),
  discover,
  sideBySide: async (suite) => besides(suiteArgs(suite).limit),
  command,
  reader: () => eventLineReader(),
  exitMeaning: (code) => (code === 0 ? 'green' : code === 1 ? 'red' : 'broken'),
  async version(suite, project) {
    const tool = jestOf(project.root, suite);
    const result = await run(suite, project, tool, ['--version']);
    if (result.code !== 0) throw discoveryFailed(suite, 'jest --version', result);
    return `jest/${result.stdout.trim()} (${tool.dir})`;
  },
};

const jestOf = (root: string, suite: Suite): Tool => requireTool(root, suite, 'jest');

function run(suite: Suite, project: ProjectAccess, tool: Tool, args: readonly string[]): Promise<ExecResult> {
  const launch = launchOf(suite, tool, project.root);
  const env = { ...suite.env.set, NO_COLOR: '1' };
  return project.exec(launch.command, [...launch.args, ...args], { dir: suite.dir, env, timeoutMs: LOOK_TIMEOUT_MS });
}

async function discover(suite: Suite, project: ProjectAccess): Promise<DiscoveredFile[]> {
  const { flags, rest, choosing } = suiteArgs(suite);
  const result = await run(suite, project, jestOf(project.root, suite), [
    '--listTests',
    '--json',
    ...flags,
    ...choosing,
    ...(rest.length > 0 ? ['--', ...rest] : []),
  ]);
  if (result.code === 0) {
    const listed = parseJestList(result.stdout);
    if (listed) return discoveredFiles(suite, project, listed);
  }
  throw discoveryFailed(suite, 'jest --listTests', result);
}

/** One JSON array of paths on a line of its own; configuration files may have printed around it. */
export function parseJestList(stdout: string): string[] | undefined {
  for (const line of stdout.split('\n').toReversed()) {
    if (!line.startsWith('[')) continue;
    try {
      const list = JSON.parse(line) as unknown;
      if (Array.isArray(list) && list.every((item) => typeof item === 'string')) return list;
    } catch {
      // A line of something else that begins like an array.
    }
  }
  return undefined;
}

interface SuiteArgs {
  /** Most workers that the project's own command line allows. */
  readonly limit: number | undefined;
  readonly flags: string[];
  readonly choosing: string[];
  readonly rest: readonly string[];
  readonly coverage: boolean;
}

function suiteArgs(suite: Suite): SuiteArgs {
  const { options, rest } = splitArgs(suite.args, RULES);
  const config = suite.configFile ? ['--config', suite.configFile] : [];
  const choosing = options.filter(({ name }) => CHOOSING.includes(name)).flatMap(({ words }) => words);
  return {
    flags: [...config, ...keepOptions(options, [...OURS, ...WORKERS, ...SERIAL, ...CHOOSING])],
    choosing,
    rest,
    coverage: hasOption(options, '--coverage', '--collectCoverage'),
    limit: workerLimit(options, WORKERS, SERIAL),
  };
}

async function command(request: CommandRequest): Promise<CommandSpec> {
  const { suite } = request;
  const tool = jestOf(request.root, suite);
  const launch = launchOf(suite, tool, request.root);
  const { flags, coverage, limit } = suiteArgs(suite);
  const args = [
    ...launch.args,
    ...flags,
    // Snapshots are compared and never written, as with CI=1, which would change what the project's own code does.
    '--ci',
    `--reporters=${reporterPath('jest-reporter.cjs')}`,
    `--maxWorkers=${Math.min(request.cores, limit ?? request.cores)}`,
    // Verbose, the default for a single file, prints console output at once instead of handing it to the reporter.
    '--verbose=false',
    ...(coverage ? [] : ['--coverage=false']),
    ...(request.bail ? ['--bail=1'] : []),
    '--runTestsByPath',
    ...request.files,
  ];
  const env = { ...suite.env.set, ...(await batchEnv(request)), BATON_TOOL_VERSION: tool.version };
  return { command: launch.command, args, cwd: suiteDir(request), env, events: 'file', warmupMs: 60_000 };
}
