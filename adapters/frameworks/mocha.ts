/** Mocha 8 to 12. Results come from `reporters/mocha-reporter.cjs`, helped by `reporters/mocha-preload.cjs`. */
import { join } from 'node:path';
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
import { type ArgRules, keepOptions, names, splitArgs } from './js-args.js';
import { type CallConfig, detectSuites, firstFile, type JsFramework } from './js-detect.js';
import type { ToolCall } from './js-scripts.js';
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
      -r --require --config --extension --file -f --fgrep -g --grep --ignore --exclude -j --jobs -n --node-option
      --package -R --reporter -O --reporter-option --reporter-options --retries -s --slow --spec -t --timeout
      --timeouts -u --ui --watch-files --watch-ignore --opts --compilers --import --loader --experimental-loader -C
      --conditions --env-file
    `),
  ),
};
const OURS = names(`
  -R --reporter -O --reporter-option --reporter-options -w --watch --watch-files --watch-ignore -c --color
  --colors --no-color --no-colors -G --growl --diff --no-diff --inline-diffs -j --jobs --dry-run --list-files
`);
const NARROWING = names(`
  -b --bail --list-interfaces --list-reporters
`);
const CONFIG_FILES = [
  '.mocharc.js',
  '.mocharc.cjs',
  '.mocharc.mjs',
  '.mocharc.yaml',
  '.mocharc.yml',
  '.mocharc.jsonc',
  '.mocharc.json',
];

const framework: JsFramework = {
  name: 'mocha',
  tools: ['mocha', 'ts-mocha'],
  dependencies: ['mocha'],
  fromCall: (call, words) => (call.tool === 'ts-mocha' ? fromTsMocha(call, words) : fromMocha(call, words)),
  async ownSign(pkg, project) {
    const path = await firstFile(pkg, project, CONFIG_FILES);
    if (path) return `${path} configures it`;
    return pkg.json['mocha'] === undefined ? undefined : 'package.json has a "mocha" section';
  },
};

function fromMocha(call: ToolCall, words: readonly string[]): CallConfig {
  const { options, rest } = splitArgs(words, RULES);
  const command = call.nodeArgs.length > 0 ? ['node', ...call.nodeArgs, 'node_modules/mocha/bin/mocha.js'] : undefined;
  return { args: [...keepOptions(options, [...OURS, ...NARROWING]), ...rest], env: call.env, command };
}

/** `ts-mocha` is mocha with a module in front and a few options of its own, which travel by the environment. */
function fromTsMocha(call: ToolCall, words: readonly string[]): CallConfig {
  const own: ArgRules = { value: new Set([...RULES.value, '-p', '--project']) };
  const { options, rest } = splitArgs(words, own);
  const project = options.find(({ name }) => name === '-p' || name === '--project');
  const env: Record<string, string> = { ...call.env };
  if (project) env['TS_NODE_PROJECT'] = project.words.length > 1 ? project.words[1]! : project.words[0]!.split('=')[1]!;
  if (options.some(({ name }) => name === '--paths')) env['TS_CONFIG_PATHS'] = 'true';
  if (options.some(({ name }) => name === '--type-check')) env['TS_TYPE_CHECK'] = 'true';
  const kept = keepOptions(options, [...OURS, ...NARROWING, '-p', '--project', '--paths', '--type-check']);
  return { args: ['--require', 'ts-mocha', ...kept, ...rest], env };
}

export const mochaAdapter: FrameworkAdapter = {
  name: 'mocha',
  // `--grep` goes by joined names, which two tests can share, and hooks have none; a rerun takes the whole file.
  selectsTests: false,
  detect: (project) => detectSuites(framework, project),
  discover,
  sideBySide: async () => 'safe',
  command,
  reader: () => eventLineReader(),
  // Mocha exits with the number of its failures, at most 255.
  exitMeaning: (code) => (code === 0 ? 'green' : 'red'),
  async version(suite, project) {
    const tool = requireTool(project.root, suite, 'mocha');
    const result = await exec(suite, project, tool, ['--version'], {});
    if (result.code !== 0) throw discoveryFailed(suite, 'mocha --version', result);
    return `mocha/${result.stdout.trim()} (${tool.dir})`;
  },
};

function exec(
  suite: Suite,
  project: ProjectAccess,
  tool: Tool,
  args: readonly string[],
  env: Record<string, string>,
): Promise<ExecResult> {
  const launch = launchOf(suite, tool, project.root);
  const all = { ...suite.env.set, NO_COLOR: '1', ...env };
  return project.exec(launch.command, [...launch.args, ...args], {
    dir: suite.dir,
    env: all,
    timeoutMs: LOOK_TIMEOUT_MS,
  });
}

/** Mocha itself says what it would load, with whatever configuration it has, and stops before it does. */
async function discover(suite: Suite, project: ProjectAccess): Promise<DiscoveredFile[]> {
  const tool = requireTool(project.root, suite, 'mocha');
  const { flags, rest } = suiteArgs(suite);
  const args = [...flags, '--require', reporterPath('mocha-preload.cjs'), ...rest];
  const result = await exec(suite, project, tool, args, { BATON_LIST: LIST_MARK, BATON_MOCHA: tool.dir });
  const listed = listedFiles(result.stdout);
  if (listed) return discoveredFiles(suite, project, listed);
  if (/No test files found/.test(result.stderr + result.stdout)) return [];
  throw discoveryFailed(suite, 'looking up the files of mocha', result);
}

function suiteArgs(suite: Suite): { flags: string[]; rest: readonly string[] } {
  const { options, rest } = splitArgs(suite.args, RULES);
  const config = suite.configFile ? ['--config', suite.configFile] : [];
  return { flags: [...config, ...keepOptions(options, [...OURS, '--spec'])], rest: [...rest, ...specs(suite)] };
}

const specs = (suite: Suite): string[] =>
  splitArgs(suite.args, RULES)
    .options.filter(({ name }) => name === '--spec')
    .map(({ words }) => words[1] ?? words[0]!.slice('--spec='.length));

async function command(request: CommandRequest): Promise<CommandSpec> {
  const { suite } = request;
  const tool = requireTool(request.root, suite, 'mocha');
  const launch = launchOf(suite, tool, request.root);
  const args = [
    ...launch.args,
    ...suiteArgs(suite).flags,
    ...['--require', reporterPath('mocha-preload.cjs')],
    ...['--reporter', reporterPath('mocha-reporter.cjs')],
    '--no-color',
    // Only where the project's own configuration asks for parallel mode does this mean anything.
    ...['--jobs', String(Math.max(2, request.cores))],
    ...(request.bail ? ['--bail'] : []),
    ...request.files,
  ];
  const env = {
    ...suite.env.set,
    ...(await batchEnv(request)),
    BATON_MOCHA: tool.dir,
    BATON_TOOL_VERSION: tool.version,
    BATON_LOAD_FAILURES: join(request.scratchDir, 'load-failures'),
  };
  return { command: launch.command, args, cwd: suiteDir(request), env, events: 'file', warmupMs: 60_000 };
}
