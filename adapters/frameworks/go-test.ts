/**
 * go test. The unit is a package directory (`sub/pkg`, `.` for the root). Its own event stream, `go test -json`, says
 * everything we need, so there is no reporter of ours.
 *
 * `-count=1` always: Go would otherwise answer from its cache, and a cached answer is no evidence of a run.
 */
import { dirname, join } from 'node:path/posix';
import { clip } from '../../domain/clip.js';
import { ProjectProblem } from '../../domain/failures.js';
import type {
  CommandRequest,
  CommandSpec,
  DiscoveredFile,
  FrameworkAdapter,
  ProjectAccess,
} from '../../domain/framework.js';
import type { Suite } from '../../domain/plan.schema.js';
import { detectModules, importPathOf, packageDir } from './go-test/modules.js';
import { GoTestReader } from './go-test/reader.js';

const LIST_TIMEOUT_MS = 120_000;
/** Compiling comes before the first event, and a large module takes its time. */
const BUILD_MS = 20 * 60_000;
/** First guess at a package whose files could not be looked at. */
const UNKNOWN_BYTES = 2000;
const LIST_FORMAT =
  '{{.ImportPath}}\t{{len .TestGoFiles}}\t{{len .XTestGoFiles}}\t{{range .InvalidGoFiles}}{{.}} {{end}}';
/** Flags that change which files belong to a package, so `go list` must have them too. */
const BUILD_FLAGS = ['tags', 'mod', 'modfile', 'overlay'];

export const goTestAdapter: FrameworkAdapter = {
  name: 'go-test',
  selectsTests: true,
  detect: detectModules,
  discover,
  sideBySide: async () => 'safe',
  command: async (request) => commandOf(request),
  reader: (request) => new GoTestReader(request, importPathOf(join(request.root, request.suite.dir))),
  exitMeaning: (code) => (code === 0 ? 'green' : code === 1 ? 'red' : 'broken'),
  version,
};

const toolOf = (suite: Suite): readonly string[] => suite.command ?? ['go', 'test'];

async function discover(suite: Suite, project: ProjectAccess): Promise<DiscoveredFile[]> {
  const bytes = await testFileBytes(suite, project);
  const args = ['list', '-e', '-find', ...buildFlags(suite.args), '-f', LIST_FORMAT, './...'];
  const listed = await project.exec(toolOf(suite)[0]!, args, {
    dir: suite.dir,
    env: suite.env.set,
    timeoutMs: LIST_TIMEOUT_MS,
  });
  if (listed.code !== 0) throw await listProblem(suite, project, listed.stderr);
  const suitePath = importPathOf(join(project.root, suite.dir));
  const narrowed = suite.include !== undefined || suite.exclude !== undefined;
  return listed.stdout
    .split('\n')
    .filter(hasTests)
    .map((line) => packageDir(line.split('\t')[0]!, suitePath))
    .filter((dir): dir is string => dir !== undefined && (!narrowed || bytes.has(dir)))
    .map((dir) => ({ file: dir, bytes: bytes.get(dir) ?? UNKNOWN_BYTES }));
}

/** Packages without test files are left out, as Go itself only says "no test files" about them. */
function hasTests(line: string): boolean {
  const [, inside, outside, invalid] = line.split('\t');
  return Number(inside) > 0 || Number(outside) > 0 || /_test\.go /.test(invalid ?? '');
}

/** Bytes of test files by package directory; `include` and `exclude` of the suite decide which files are looked at. */
async function testFileBytes(suite: Suite, project: ProjectAccess): Promise<Map<string, number>> {
  const sum = new Map<string, number>();
  for (const { path, bytes } of await project.glob(suite.dir, suite.include ?? ['**/*_test.go'], suite.exclude)) {
    if (!path.endsWith('_test.go')) continue;
    const inSuite = suite.dir === '.' ? path : path.slice(join(suite.dir, '/').length);
    const dir = dirname(inSuite);
    sum.set(dir, (sum.get(dir) ?? 0) + bytes);
  }
  return sum;
}

function buildFlags(args: readonly string[]): string[] {
  const flags: string[] = [];
  args.forEach((arg, i) => {
    const name = /^--?([a-z]+)(=|$)/.exec(arg);
    if (!name || !BUILD_FLAGS.includes(name[1]!)) return;
    flags.push(arg, ...(name[2] === '=' || args[i + 1] === undefined ? [] : [args[i + 1]!]));
  });
  return flags;
}

async function listProblem(suite: Suite, project: ProjectAccess, stderr: string): Promise<ProjectProblem> {
  const tool = toolOf(suite)[0]!;
  if ((await project.exec(tool, ['version'], { dir: suite.dir, timeoutMs: LIST_TIMEOUT_MS })).code !== 0)
    return missing(suite);
  return new ProjectProblem(
    'DiscoveryFailed',
    `\`${tool} list ./...\` failed in ${suite.dir}: ${clip(stderr.trim(), 4000)}`,
  );
}

const missing = (suite: Suite): ProjectProblem =>
  new ProjectProblem(
    'ToolMissing',
    `Suite ${suite.name} needs Go, but \`${toolOf(suite)[0]} version\` does not run. Install Go (https://go.dev/dl) and put it on PATH.`,
  );

function commandOf(request: CommandRequest): CommandSpec {
  const { suite, files, tests, cores, bail } = request;
  const [command, ...first] = toolOf(suite);
  // Everything after -args belongs to the test binaries, so packages come before it.
  const split = suite.args.findIndex((arg) => /^--?args$/.test(arg));
  const flags = split < 0 ? suite.args : suite.args.slice(0, split);
  const rest = split < 0 ? [] : suite.args.slice(split);
  const run = tests === undefined ? [] : ['-run', runPattern(tests)];
  const packages = files.map((file) => (file === '.' ? '.' : `./${file}`));
  return {
    command: command!,
    args: [
      ...first,
      '-json',
      '-count=1',
      '-p',
      String(cores),
      ...(bail ? ['-failfast'] : []),
      ...flags,
      ...run,
      ...packages,
      ...rest,
    ],
    cwd: join(request.root, suite.dir),
    env: {},
    events: 'stdout',
    warmupMs: BUILD_MS,
  };
}

/** Only top-level names: a subtest exists only while its parent runs, and siblings may depend on each other. */
function runPattern(tests: readonly (readonly string[])[]): string {
  const names = new Set(tests.map((path) => path[0]!.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')));
  return `^(${[...names].join('|')})$`;
}

async function version(suite: Suite, project: ProjectAccess): Promise<string> {
  const tool = toolOf(suite)[0]!;
  const result = await project.exec(tool, ['version'], { dir: suite.dir, timeoutMs: LIST_TIMEOUT_MS });
  if (result.code !== 0) throw missing(suite);
  return `${result.stdout.trim()} (${tool} on PATH)`;
}
