/** Playwright Test 1.30 and later. Results come from `reporters/playwright-reporter.cjs`. */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, posix, resolve } from 'node:path';
import { ProjectProblem } from '../../domain/failures.js';
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
import { type ArgRules, keepOptions, splitArgs } from './js-args.js';
import { withExtensions } from './js-detect.js';
import {
  batchEnv,
  discoveredFiles,
  discoveryFailed,
  launchOf,
  LOOK_TIMEOUT_MS,
  suiteDir,
  type Tool,
} from './js-shared.js';
import { CONFIG_EXTENSIONS, detectPlaywright } from './playwright/detect.js';
import { type Listed, parseListing } from './playwright/listing.js';
import { reporterPath } from './reporter-path.js';

const RULES: ArgRules = {
  value: new Set([
    ...[
      '-c',
      '--config',
      '--global-timeout',
      '-g',
      '--grep',
      '-gv',
      '--grep-invert',
      '-G',
      '-j',
      '--workers',
      '--max-failures',
      '--output',
    ],
    ...[
      '--repeat-each',
      '--reporter',
      '--retries',
      '--shard',
      '--timeout',
      '--trace',
      '--tsconfig',
      '--ui-host',
      '--ui-port',
      '--browser',
    ],
    ...['--test-list', '--test-list-invert', '--name', '--update-source-method', '--debug'],
  ]),
  list: new Set(['--project']),
};
const OURS = [
  ...[
    '--reporter',
    '--output',
    '--list',
    '--ui',
    '--ui-host',
    '--ui-port',
    '--debug',
    '--quiet',
    '--max-failures',
    '-x',
    '--shard',
  ],
  ...[
    '--only-changed',
    '--last-failed',
    '--pass-with-no-tests',
    '-u',
    '--update-snapshots',
    '--no-deps',
    '-c',
    '--config',
  ],
];
const STARTUP_MS = 60_000;

export const playwrightAdapter: FrameworkAdapter = {
  name: 'playwright',
  // Its selection is one expression over joined names, which two tests can share; a rerun takes the whole file.
  selectsTests: false,
  detect: detectPlaywright,
  discover,
  async sideBySide(suite, project) {
    return /\bwebServer\b/.test(await configText(suite, project)) ? 'never' : 'safe';
  },
  command,
  reader: () => eventLineReader(),
  exitMeaning: (code) => (code === 0 ? 'green' : code === 1 ? 'red' : 'broken'),
  async version(suite, project) {
    const tool = requirePlaywright(project.root, suite);
    const result = await run(suite, project, ['--version']);
    if (result.code !== 0) throw discoveryFailed(suite, 'playwright --version', result);
    return `playwright ${result.stdout.trim().replace(/^Version /, '')} (${tool.dir})`;
  },
};

/** The nearest installed package that brings the test runner: `@playwright/test`, else `playwright`. */
function locatePlaywright(from: string): Tool | undefined {
  for (let dir = from; ; dir = dirname(dir)) {
    for (const name of ['@playwright/test', 'playwright']) {
      const home = join(dir, 'node_modules', name);
      const bin = join(home, 'cli.js');
      if (!existsSync(bin)) continue;
      const { version = '0' } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as { version?: string };
      return { dir: home, bin, version };
    }
    if (dir === dirname(dir)) return undefined;
  }
}

function requirePlaywright(root: string, suite: Suite): Tool {
  const tool = locatePlaywright(resolve(root, suite.dir));
  if (tool) return tool;
  throw new ProjectProblem(
    'ToolMissing',
    `@playwright/test is not installed for suite ${suite.name}: no node_modules/@playwright/test in ${suite.dir} or above it. Install the project's packages (npm ci, pnpm install, yarn) or take the suite out.`,
  );
}

function run(suite: Suite, project: ProjectAccess, args: readonly string[]): Promise<ExecResult> {
  const launch = launchOf(suite, requirePlaywright(project.root, suite), project.root);
  const env = { ...suite.env.set, NO_COLOR: '1', FORCE_COLOR: '0' };
  return project.exec(launch.command, [...launch.args, ...args], { dir: suite.dir, env, timeoutMs: LOOK_TIMEOUT_MS });
}

async function discover(suite: Suite, project: ProjectAccess): Promise<DiscoveredFile[]> {
  const { rest } = suiteArgs(suite);
  const listed = await list(suite, project, rest);
  // A file that fails to load hides all others, as in Playwright itself; each file is a result of its own here.
  const others =
    listed.broken.length > 0 && rest.length === 0
      ? await list(suite, project, [`/^(?!(?:${listed.broken.map(escaped).join('|')})$)/`])
      : listed;
  const files = [...listed.files, ...listed.broken, ...others.files, ...others.broken].filter((file) =>
    existsSync(file),
  );
  return discoveredFiles(suite, project, files);
}

async function list(suite: Suite, project: ProjectAccess, filters: readonly string[]): Promise<Listed> {
  const result = await run(suite, project, [
    'test',
    '--list',
    '--reporter=json',
    ...suiteArgs(suite).flags,
    ...filters,
  ]);
  const listed = parseListing(result.stdout);
  if (
    listed &&
    (result.code === 0 || listed.files.length + listed.broken.length > 0 || filters[0]?.startsWith('/^(?!'))
  )
    return listed;
  throw discoveryFailed(suite, 'playwright test --list', result);
}

function suiteArgs({ args, configFile }: Suite): { flags: string[]; workers: boolean; rest: readonly string[] } {
  const { options, rest } = splitArgs(args, RULES);
  const config = configFile
    ? [`--config=${configFile}`]
    : keepOptions(
        options.filter(({ name }) => name === '-c' || name === '--config'),
        [],
      );
  const workers = options.some(({ name }) => name === '-j' || name === '--workers');
  return { flags: [...config, ...keepOptions(options, OURS)], workers, rest };
}

async function command(request: CommandRequest): Promise<CommandSpec> {
  const { suite, root, scratchDir, cores, files, bail } = request;
  const dir = suiteDir(request);
  const tool = requirePlaywright(root, suite);
  const launch = launchOf(suite, tool, root);
  const { flags, workers } = suiteArgs(suite);
  const fixed = workers || /\bworkers\s*:/.test(readConfig(dir, suite));
  const args = [
    ...launch.args,
    'test',
    ...flags,
    `--reporter=${reporterPath('playwright-reporter.cjs')}`,
    `--output=${join(scratchDir, 'test-results')}`,
    // A configuration that speaks of workers has its reasons, such as a shared account.
    ...(fixed ? [] : [`--workers=${cores}`]),
    ...(bail ? ['--max-failures=1'] : []),
    // Playwright sees the real path of its working directory, and would take `a.b:1` for a line number.
    ...files.map((file) => exactly(join(realpathSync(dir), file))),
  ];
  return {
    command: launch.command,
    args,
    cwd: dir,
    env: { ...(await batchEnv(request)), FORCE_COLOR: '0' },
    events: 'file',
    warmupMs: STARTUP_MS,
  };
}

const escaped = (path: string): string =>
  path
    .replaceAll('\\', '/')
    .replace(/[.*+?^${}()|[\]]/g, '\\$&')
    .replaceAll('/', '[\\\\/]');

/** A filter that matches one path and no other: Playwright reads `/…/` as an expression with its own flags, here none. */
const exactly = (path: string): string => `/^${escaped(path)}$/`;

function configNames(suite: Suite): string[] {
  const { options } = splitArgs(suite.args, RULES);
  const words = options.find(({ name }) => name === '-c' || name === '--config')?.words.join('=') ?? '';
  const named = suite.configFile ?? (words.slice(words.indexOf('=') + 1) || undefined);
  return named === undefined ? withExtensions('playwright.config', CONFIG_EXTENSIONS) : [named];
}

async function configText(suite: Suite, project: ProjectAccess): Promise<string> {
  const texts = await Promise.all(configNames(suite).map((name) => project.readText(posix.join(suite.dir, name))));
  return texts.filter(Boolean).join('\n');
}

function readConfig(dir: string, suite: Suite): string {
  const path = configNames(suite)
    .map((name) => join(dir, name))
    .find((name) => existsSync(name));
  return path === undefined ? '' : readFileSync(path, 'utf8');
}
