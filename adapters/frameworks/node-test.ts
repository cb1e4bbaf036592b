/** Node's own test runner, Node 18.19 to 24. Results come from `reporters/node-test-reporter.mjs`. */
import type {
  CommandRequest,
  CommandSpec,
  DiscoveredFile,
  ExecResult,
  FrameworkAdapter,
  ProjectAccess,
  TrialRequest,
} from '../../domain/framework.js';
import type { Suite } from '../../domain/plan.schema.js';
import { eventLineReader } from './event-lines.js';
import { type ArgRules, besides, hasOption, keepOptions, names, splitArgs, workerLimit } from './js-args.js';
import { detectSuites, type JsFramework } from './js-detect.js';
import { batchEnv, discoveredFiles, discoveryFailed, type JsPackage, LOOK_TIMEOUT_MS, suiteDir } from './js-shared.js';
import { reporterPath } from './reporter-path.js';

const RULES: ArgRules = {
  value: new Set(
    names(`
      --import -r --require --loader --experimental-loader -C --conditions --env-file --env-file-if-exists
      --test-name-pattern --test-skip-pattern --test-concurrency --test-timeout --test-reporter
      --test-reporter-destination --test-shard --test-isolation --experimental-test-isolation --test-coverage-include
      --test-coverage-exclude --test-global-setup --experimental-config-file --tsconfig --input-type
      --experimental-default-type --test-rerun-failures --test-coverage-lines --test-coverage-branches
      --test-coverage-functions --watch-path --title --test-random-seed
    `),
  ),
};
const OURS = names(`
  --test --test-reporter --test-reporter-destination --watch --watch-path
  --watch-preserve-output
`);
const WORKERS = ['--test-concurrency'];
const NARROWING = names(`
  --test-shard --test-update-snapshots --test-rerun-failures
`);
const COVERAGE = names(`
  --experimental-test-coverage --test-coverage-include --test-coverage-exclude --test-coverage-lines
  --test-coverage-branches --test-coverage-functions
`);
/** Files that are looked into for an import of node:test, when no script says so. */
const LOOK_INTO = 200;
const TEST_LIKE = [
  '**/*{.,-,_}test.{js,mjs,cjs,ts,mts,cts}',
  '**/test-*.{js,mjs,cjs,ts,mts,cts}',
  '**/test/**/*.{js,mjs,cjs,ts,mts,cts}',
  '**/test.{js,mjs,cjs,ts,mts,cts}',
];

const framework: JsFramework = {
  name: 'node-test',
  tools: ['node-test'],
  dependencies: [],
  fromCall(call, words) {
    const { options, rest } = splitArgs(words, RULES);
    const tsx = call.nodeArgs.includes('tsx') && rest.length === 0 ? TSX_FILES : [];
    return {
      args: [...call.nodeArgs, ...keepOptions(options, [...OURS, ...NARROWING, ...COVERAGE]), ...rest, ...tsx],
      env: call.env,
    };
  },
  async ownSign(pkg, project) {
    if (usesAnother(pkg)) return undefined;
    const files = (await project.glob(pkg.dir, TEST_LIKE)).slice(0, LOOK_INTO);
    for (const { path } of files) {
      const text = await project.readText(path);
      if (text !== undefined && /(?:from|require\(|import\()\s*['"]node:test['"]/.test(text))
        return `${path} imports node:test`;
    }
    return undefined;
  },
};
/** Without arguments `tsx --test` looks for TypeScript too. */
const TSX_FILES = ['**/{test,test/**/*,test-*,*[.-_]test}.{js,cjs,mjs,ts,cts,mts}'];

/** Files that import node:test in a package of another framework are most likely run by that one's own script. */
function usesAnother({ json }: JsPackage): boolean {
  const scripts = Object.values(json.scripts ?? {}).join('\n');
  const named = ['dependencies', 'devDependencies'].flatMap((field) =>
    Object.keys((json[field] as object | undefined) ?? {}),
  );
  return (
    named.some((name) => ['vitest', 'jest', 'mocha', 'ava', 'tap', '@playwright/test'].includes(name)) ||
    /\b(?:vitest|jest|mocha|ava)\b/.test(scripts)
  );
}

export const nodeTestAdapter: FrameworkAdapter = {
  name: 'node-test',
  // `--test-name-pattern` matches suites and tests alike and differs between versions; a rerun takes the whole file.
  selectsTests: false,
  detect: (project) => detectSuites(framework, project),
  discover,
  sideBySide: async (suite) => besides(suiteArgs(suite).limit),
  command,
  trial,
  coverage: (suite, root, folder) => ({
    BATON_COVERAGE: folder,
    BATON_COVERAGE_ROOT: root,
    NODE_OPTIONS: [suite.env.set['NODE_OPTIONS'], `--import=${reporterPath('coverage-probe.mjs')}`]
      .filter(Boolean)
      .join(' '),
  }),
  reader: () => eventLineReader(),
  exitMeaning: (code) => (code === 0 ? 'green' : code === 1 ? 'red' : 'broken'),
  async version(suite, project) {
    const result = await exec(suite, project, ['--version']);
    if (result.code !== 0) throw discoveryFailed(suite, 'node --version', result);
    return `node/${result.stdout.trim().replace(/^v/, '')} (${(suite.command ?? ['node']).join(' ')})`;
  },
};

function exec(suite: Suite, project: ProjectAccess, args: readonly string[]): Promise<ExecResult> {
  const [program, ...before] = suite.command ?? ['node'];
  return project.exec(program!, [...before, ...args], {
    dir: suite.dir,
    env: suite.env.set,
    timeoutMs: LOOK_TIMEOUT_MS,
  });
}

/** A small script under the project's own Node applies that version's rules for patterns and default names. */
async function discover(suite: Suite, project: ProjectAccess): Promise<DiscoveredFile[]> {
  const { flags, patterns } = suiteArgs(suite);
  const strips = flags.some((flag) => /strip-types|transform-types/.test(flag)) ? ['--typescript'] : [];
  const result = await exec(suite, project, [reporterPath('node-test-files.mjs'), ...strips, '--', ...patterns]);
  if (result.code !== 0) throw discoveryFailed(suite, 'looking up the files of node --test', result);
  return discoveredFiles(suite, project, JSON.parse(result.stdout) as string[]);
}

function suiteArgs(suite: Suite): { flags: string[]; patterns: readonly string[]; limit: number | undefined } {
  const { options, rest } = splitArgs(suite.args, RULES);
  const config =
    suite.configFile && !hasOption(options, '--experimental-config-file')
      ? [`--experimental-config-file=${suite.configFile}`]
      : [];
  const flags = [...config, ...keepOptions(options, [...OURS, ...WORKERS])];
  return { flags, patterns: rest, limit: workerLimit(options, WORKERS) };
}

/** The suite's own flags, such as a loader, are for `node` itself and so serve the threads too. */
function trial(request: TrialRequest): CommandSpec {
  const { suite, root, files, timeoutMs, memoryMb } = request;
  const [program, ...before] = suite.command ?? ['node'];
  const { flags } = suiteArgs(suite);
  return {
    command: program!,
    args: [...before, ...flags.filter((flag) => !flag.startsWith('--test')), reporterPath('trial.mjs')],
    cwd: suiteDir(request),
    env: {
      ...suite.env.set,
      BATON_TRIAL: request.variantsFile,
      BATON_EVENTS: request.eventsFile,
      BATON_TRIAL_SETTINGS: JSON.stringify({ root, dir: suiteDir(request), files, timeoutMs, memoryMb }),
      NO_COLOR: '1',
    },
    events: 'file',
  };
}

async function command(request: CommandRequest): Promise<CommandSpec> {
  const { suite } = request;
  const [program, ...before] = suite.command ?? ['node'];
  const { flags, limit } = suiteArgs(suite);
  const args = [
    ...before,
    ...flags,
    '--test',
    `--test-concurrency=${Math.min(request.cores, limit ?? request.cores)}`,
    `--test-reporter=${reporterPath('node-test-reporter.mjs')}`,
    '--test-reporter-destination=stdout',
    ...request.files,
  ];
  return {
    command: program!,
    args,
    cwd: suiteDir(request),
    env: { ...suite.env.set, ...(await batchEnv(request)) },
    events: 'file',
    warmupMs: 60_000,
  };
}
