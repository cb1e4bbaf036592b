/**
 * Any command that leaves JUnit XML, CTRF or TAP. In its arguments `{files}` stands for the files of the batch and
 * `{report}` for a path in a directory of the attempt, which is also in `BATON_REPORT_DIR`. A command without `{files}`
 * is run as a whole: one file named `.`.
 */
import { posix } from 'node:path';
import { ProjectProblem } from '../../domain/failures.js';
import type {
  CommandRequest,
  CommandSpec,
  DiscoveredFile,
  FrameworkAdapter,
  ProjectAccess,
} from '../../domain/framework.js';
import type { Suite } from '../../domain/plan.schema.js';
import { WHOLE_SUITE } from './command/attribution.js';
import { CommandReader } from './command/reader.js';
import { ownReport, readsStdout, rememberReports, reportDir, settingsOf } from './command/sources.js';
import { suiteDir } from './js-shared.js';

/** First guess at a suite whose files are not known. */
const UNKNOWN_BYTES = 10_000;
const VERSION_TIMEOUT_MS = 30_000;

export const commandAdapter: FrameworkAdapter = {
  name: 'command',
  selectsTests: false,
  // What a command does cannot be seen from outside: it has to be named in the configuration.
  detect: async () => [],
  discover,
  // Report paths in the project are shared by all batches; a path in the attempt's own directory is not.
  sideBySide: async ({ report }) => (report?.path === undefined ? 'safe' : 'never'),
  command,
  reader: (request) => {
    const settings = settingsOf(request.suite);
    return new CommandReader(request, suiteDir(request), settings.report, readsStdout(settings));
  },
  exitMeaning: (code) => (code === 0 ? 'green' : code === 126 || code === 127 || code > 128 ? 'broken' : 'red'),
  version,
};

const takesFiles = (command: readonly string[]): boolean => command.some((arg) => arg.includes('{files}'));

async function discover(suite: Suite, project: ProjectAccess): Promise<DiscoveredFile[]> {
  const { command: program } = settingsOf(suite);
  if (!takesFiles(program)) {
    if (!suite.include) return [{ file: WHOLE_SUITE, bytes: UNKNOWN_BYTES }];
    throw new ProjectProblem(
      'ConfigInvalid',
      `suite ${suite.name}: \`include\` cuts the suite into files, but \`command\` has no {files}, so each part would run everything. Add {files} to the command, or leave \`include\` out.`,
    );
  }
  if (!suite.include) {
    throw new ProjectProblem(
      'ConfigInvalid',
      `suite ${suite.name}: \`command\` has {files}, so \`include\` must say which files there are.`,
    );
  }
  const prefix = suite.dir === '.' ? '' : `${posix.normalize(suite.dir)}/`;
  const found = await project.glob(suite.dir, suite.include, suite.exclude);
  return found.map(({ path, bytes }) => ({ file: path.startsWith(prefix) ? path.slice(prefix.length) : path, bytes }));
}

async function command(request: CommandRequest): Promise<CommandSpec> {
  const settings = settingsOf(request.suite);
  const { report } = settings;
  const dir = suiteDir(request);
  await rememberReports(request, dir, report);
  const own = ownReport(request, report);
  const [program, ...args] = [...settings.command, ...request.suite.args].flatMap((arg) =>
    filled(arg, request.files, own),
  );
  return {
    command: program!,
    args,
    cwd: dir,
    env: { BATON_REPORT_DIR: reportDir(request) },
    events: readsStdout(settings) ? 'stdout' : 'file',
  };
}

/** An argument that is just `{files}` becomes one argument a file; inside another text, files are joined by spaces. */
function filled(arg: string, files: readonly string[], report: string): string[] {
  if (arg === '{files}') return [...files];
  return [arg.replaceAll('{files}', () => files.join(' ')).replaceAll('{report}', () => report)];
}

async function version(suite: Suite, project: ProjectAccess): Promise<string> {
  const [program = ''] = settingsOf(suite).command;
  const found = await project.exec(program, ['--version'], {
    dir: suite.dir,
    env: suite.env.set,
    timeoutMs: VERSION_TIMEOUT_MS,
  });
  if (found.code === null) {
    throw new ProjectProblem(
      'ToolMissing',
      `suite ${suite.name}: \`${program}\` cannot be started. Install it, or correct \`command\`. ${found.stderr.slice(-300)}`.trim(),
    );
  }
  const said = found.code === 0 ? found.stdout.split('\n')[0]!.slice(0, 200) : 'can be started, says no version';
  return `${program}: ${said}`;
}
