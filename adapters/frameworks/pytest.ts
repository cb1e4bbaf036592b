/**
 * pytest, with the plugin `reporters/baton_pytest.py`. The unit is a test file.
 *
 * A batch starts pytest exactly as the project would, without naming files: which root directory, configuration and
 * conftest files count depends on the arguments, and a broken conftest.py above one named file would end the whole
 * process. The plugin narrows what is collected instead.
 */
import { writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { clip } from '../../domain/clip.js';
import { ProjectProblem } from '../../domain/failures.js';
import type {
  CommandRequest,
  CommandSpec,
  DiscoveredFile,
  ExecResult,
  ExitMeaning,
  FrameworkAdapter,
  ProjectAccess,
} from '../../domain/framework.js';
import type { Suite } from '../../domain/plan.schema.js';
import { eventLineReader } from './event-lines.js';
import { configTexts, detectPytest } from './pytest/detect.js';
import { interpreterOf } from './pytest/interpreter.js';
import { reporterPath } from './reporter-path.js';

const COLLECT_TIMEOUT_MS = 300_000;
const VERSION_TIMEOUT_MS = 60_000;
/** Importing a large project before its first test. */
const IMPORT_MS = 5 * 60_000;

/** What the plugin prints when it lists files. */
const LISTED = 'baton-file ';
const LIST_END = 'baton-files-end';
const FATAL = 'baton-fatal ';

export const pytestAdapter: FrameworkAdapter = {
  name: 'pytest',
  selectsTests: true,
  detect: detectPytest,
  discover,
  sideBySide,
  command: commandOf,
  reader: () => eventLineReader(),
  exitMeaning,
  version,
};

/** 2 interrupted, 3 internal error, 4 usage error. A file that cannot be collected gives 1, as we let pytest go on after it. */
function exitMeaning(code: number): ExitMeaning {
  if (code === 0) return 'green';
  if (code === 1) return 'red';
  return code === 5 ? 'empty' : 'broken';
}

/** pytest-cov writes one data file per directory, and one process would take the other's away. */
async function sideBySide(suite: Suite, project: ProjectAccess): Promise<'safe' | 'never'> {
  const texts = [...(await configTexts(project, suite.dir)), suite.args.join(' ')];
  return texts.some((text) => /(^|[\s"'=])--cov\b/m.test(text)) ? 'never' : 'safe';
}

interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly how: string;
  readonly install: string;
}

/** Program and arguments up to pytest's own. */
async function launchOf(root: string, suite: Suite): Promise<Launch> {
  const plugin = reporterPath('baton_pytest.py');
  if (suite.command) {
    const [command, ...args] = suite.command;
    const path = [dirname(plugin), suite.env.set['PYTHONPATH']]
      .filter((p) => p !== undefined && p !== '')
      .join(delimiter);
    return {
      command: command!,
      args,
      env: { PYTHONPATH: path },
      how: 'command of the suite',
      install: 'pip install pytest',
    };
  }
  // Started through our file the plugin is found without PYTHONPATH, which programs under test would inherit.
  const python = await interpreterOf(root, suite);
  return { ...python, args: [...python.args, plugin], env: {} };
}

function pytestArgs(suite: Suite): string[] {
  const config = suite.configFile === undefined ? [] : ['-c', suite.configFile];
  return [...config, '-p', 'baton_pytest', '--color=no', '--continue-on-collection-errors', ...suite.args];
}

async function commandOf(request: CommandRequest): Promise<CommandSpec> {
  const { suite, root, files, tests, scratchDir, eventsFile, cores, bail } = request;
  const launch = await launchOf(root, suite);
  const plan = join(scratchDir, 'baton-pytest.json');
  await writeFile(plan, JSON.stringify({ files, tests: tests ?? null }));
  // With `=`: pytest looks for its root directory before it knows our options, and takes a lone path for a test file.
  const own = [
    `--baton-events=${eventsFile}`,
    `--baton-plan=${plan}`,
    `--override-ini=cache_dir=${join(scratchDir, 'pytest-cache')}`,
  ];
  // Files that only `include` knows are named, because pytest would not look for them.
  const named = suite.include === undefined ? [] : files;
  return {
    command: launch.command,
    args: [...launch.args, ...pytestArgs(suite), ...own, ...(bail ? ['--maxfail=1'] : []), ...named],
    cwd: join(root, suite.dir),
    // Only read where the project itself says `-n auto`.
    env: { PYTEST_XDIST_AUTO_NUM_WORKERS: String(cores), ...launch.env },
    events: 'file',
    warmupMs: IMPORT_MS,
  };
}

async function discover(suite: Suite, project: ProjectAccess): Promise<DiscoveredFile[]> {
  const allowed = await allowedFiles(suite, project);
  const named = suite.include === undefined ? [] : [...(allowed ?? [])];
  if (suite.include !== undefined && named.length === 0) return [];
  const launch = await launchOf(project.root, suite);
  const args = [...launch.args, ...pytestArgs(suite), '--collect-only', '-qq', '--baton-discover', ...named];
  const result = await project.exec(launch.command, args, {
    dir: suite.dir,
    env: { ...suite.env.set, ...launch.env },
    timeoutMs: COLLECT_TIMEOUT_MS,
  });
  const lines = result.stdout.split(/\r?\n/);
  const fatal = lines.find((line) => line.startsWith(FATAL));
  if (fatal !== undefined)
    throw collectProblem(suite, launch, {
      ...result,
      stdout: JSON.parse(fatal.slice(FATAL.length)) as string,
      stderr: '',
    });
  // Without its last line pytest ended before it had seen everything.
  if (!lines.includes(LIST_END)) throw collectProblem(suite, launch, result);
  const found = lines
    .filter((line) => line.startsWith(LISTED))
    .map((line) => JSON.parse(line.slice(LISTED.length)) as DiscoveredFile);
  return allowed === undefined ? found : found.filter(({ file }) => allowed.has(file));
}

/** Files that `include` and `exclude` let through, relative to the suite; undefined when neither is set. */
async function allowedFiles(suite: Suite, project: ProjectAccess): Promise<Set<string> | undefined> {
  if (suite.include === undefined && suite.exclude === undefined) return undefined;
  const found = await project.glob(suite.dir, suite.include ?? ['**/*'], suite.exclude);
  return new Set(
    found.map(({ path }) => (suite.dir === '.' ? path : path.slice(suite.dir.replace(/\/*$/, '/').length))),
  );
}

function collectProblem(suite: Suite, launch: Launch, result: ExecResult): ProjectProblem {
  const said = clip(`${result.stdout}\n${result.stderr}`.trim(), 4000);
  const missing =
    /baton: pytest is not installed for .*/.exec(said)?.[0] ??
    (/No module named '?pytest'?/.test(said) ? said : undefined);
  if (missing !== undefined || result.code === null || result.code === 127)
    return toolMissing(suite, launch, missing ?? said);
  return new ProjectProblem(
    'DiscoveryFailed',
    `pytest could not collect the tests of suite ${suite.name} (exit code ${result.code}). It said:\n${said || 'nothing'}\nRun \`python -m pytest --collect-only\` in ${suite.dir} to see the same.`,
  );
}

const toolMissing = (suite: Suite, launch: Launch, said: string): ProjectProblem =>
  new ProjectProblem(
    'ToolMissing',
    `Suite ${suite.name} needs Python with pytest (looked at: ${launch.how}). ${said}. Try: ${launch.install}`,
  );

async function version(suite: Suite, project: ProjectAccess): Promise<string> {
  const launch = await launchOf(project.root, suite);
  const result = await project.exec(launch.command, [...launch.args, '--version'], {
    dir: suite.dir,
    env: { ...suite.env.set, ...launch.env },
    timeoutMs: VERSION_TIMEOUT_MS,
  });
  // pytest before 7 says its version on standard error.
  const line = `${result.stdout}\n${result.stderr}`.split('\n').find((l) => /^(This is )?pytest /.test(l));
  if (result.code !== 0 || line === undefined)
    throw toolMissing(suite, launch, `${result.stdout}${result.stderr}`.trim());
  return `${line
    .replace('This is ', '')
    .replace(/, imported.*/, '')
    .trim()} (${launch.how})`;
}
