/**
 * Maven with Surefire: JUnit 5, JUnit 4, JUnit 3 and TestNG. One suite for the whole reactor; a file is a test class.
 * When every class is asked for, Maven runs as `mvn test` does; otherwise `-Dtest` names the classes.
 */
import { access, constants, writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { plainText } from '../../domain/clip.js';
import { ProjectProblem } from '../../domain/failures.js';
import type {
  CommandRequest,
  CommandSpec,
  DiscoveredFile,
  FrameworkAdapter,
  ProjectAccess,
  SuiteDraft,
} from '../../domain/framework.js';
import type { Suite } from '../../domain/plan.schema.js';
import { suiteDir } from './js-shared.js';
import { prepareAttempt } from './maven/attempt.js';
import { MavenReader } from './maven/reader.js';
import { findTestFiles, type Reactor, readReactor, type TestFile } from './maven/reactor.js';
import { globMatches } from './reports/glob.js';

/** Maven may fetch half the internet before its first test. */
const WARMUP_MS = 20 * 60_000;
const VERSION_TIMEOUT_MS = 60_000;
/** Linux takes 128 KiB in one argument. */
const MAX_ARGUMENT_CHARS = 100_000;

export const mavenAdapter: FrameworkAdapter = {
  name: 'maven',
  selectsTests: false,
  detect,
  discover,
  // Two Mavens in one directory write the same `target`.
  sideBySide: async () => 'never',
  command,
  reader: (request) => new MavenReader(request, suiteDir(request)),
  exitMeaning: (code) => (code === 0 ? 'green' : code === 1 ? 'red' : 'broken'),
  version,
};

async function detect(project: ProjectAccess): Promise<SuiteDraft[]> {
  const pom = await project.readText('pom.xml');
  if (pom === undefined || !/<project[\s>]/.test(pom)) return [];
  const reactor = await readReactor(project.root);
  if ((await findTestFiles(project.root, reactor)).length === 0) return [];
  return [{ config: { name: 'maven', framework: 'maven', dir: '.' }, because: 'pom.xml with test classes' }];
}

async function discover(suite: Suite, project: ProjectAccess): Promise<DiscoveredFile[]> {
  const dir = join(project.root, suite.dir);
  if (!(await project.exists(posix.join(suite.dir, 'pom.xml')))) {
    throw new ProjectProblem(
      'ConfigInvalid',
      `suite ${suite.name}: there is no pom.xml in ${suite.dir}. Set \`dir\` to the directory that has it.`,
    );
  }
  await version(suite, project);
  const files = await findTestFiles(dir, await readReactor(dir));
  return wanted(files, suite).map(({ file, bytes }) => ({ file, bytes }));
}

/** `include` and `exclude` of the suite narrow what Surefire would run. */
function wanted(files: readonly TestFile[], suite: Suite): TestFile[] {
  const { include, exclude = [] } = suite;
  return files.filter(
    ({ file }) =>
      (!include || include.some((glob) => globMatches(glob, file))) && !exclude.some((glob) => globMatches(glob, file)),
  );
}

async function command(request: CommandRequest): Promise<CommandSpec> {
  const { suite, files } = request;
  const dir = suiteDir(request);
  const { reactor, files: every } = await prepareAttempt(request, dir);
  const asked = new Set(files);
  const chosen = every.filter(({ file }) => asked.has(file));
  const all = chosen.length === every.length;
  const launch = suite.command ?? [await mavenProgram(request.root, dir)];
  return {
    command: launch[0]!,
    args: [
      ...launch.slice(1),
      ...commonArgs(request),
      ...suite.args,
      'test',
      ...(all ? [] : await selection(chosen, reactor, request)),
    ],
    cwd: dir,
    env: {},
    events: 'stdout',
    warmupMs: WARMUP_MS,
  };
}

function commonArgs({ bail }: CommandRequest): string[] {
  return [
    '-B',
    bail ? '-ff' : '-fae',
    '-Dstyle.color=never',
    // Progress of downloads: `--no-transfer-progress` is unknown to Maven before 3.6.1.
    '-Dorg.slf4j.simpleLogger.log.org.apache.maven.cli.transfer.Slf4jMavenTransferListener=warn',
    '-DdisableXmlReport=false',
    '-DtrimStackTrace=false',
    ...(bail ? ['-Dsurefire.skipAfterFailureCount=1'] : []),
  ];
}

async function selection(
  files: readonly TestFile[],
  reactor: Reactor,
  { scratchDir }: CommandRequest,
): Promise<string[]> {
  const modules = [...new Set(files.map(({ module }) => module))];
  const narrowed = reactor.modules.length > 1 && modules.length < reactor.modules.length;
  const none = [
    '-Dsurefire.failIfNoSpecifiedTests=false',
    '-DfailIfNoTests=false',
    ...(narrowed ? ['-pl', modules.join(','), '-am'] : []),
  ];
  const nested = needsNested(reactor);
  const names = files.flatMap(({ classes }) => classes).flatMap((name) => (nested ? [name, `${name}$*`] : [name]));
  const value = [...new Set(names)].join(',');
  if (value.length <= MAX_ARGUMENT_CHARS) return [`-Dtest=${value}`, ...none];
  const list = join(scratchDir, 'surefire-includes.txt');
  await writeFile(list, names.map((name) => `${name.replaceAll('.', '/')}.*`).join('\n'));
  return [`-Dsurefire.includesFile=${list}`, ...none];
}

/** Surefire 2.22 with JUnit 5 runs nested classes only when they are named too; later ones would run them anyway. */
function needsNested({ text, modules }: Reactor): boolean {
  return text.includes('junit.jupiter') && modules.some(({ surefireVersion }) => surefireVersion?.startsWith('2.'));
}

/** The project's own wrapper, nearest first, else `mvn`. */
async function mavenProgram(root: string, dir: string): Promise<string> {
  for (const at of new Set([dir, root])) {
    const wrapper = join(at, 'mvnw');
    try {
      await access(wrapper, constants.X_OK);
      return wrapper;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOENT' && code !== 'EACCES' && code !== 'ENOTDIR') throw error;
    }
  }
  return 'mvn';
}

async function version(suite: Suite, project: ProjectAccess): Promise<string> {
  const program = suite.command?.[0] ?? (await mavenProgram(project.root, join(project.root, suite.dir)));
  const result = await project.exec(program, [...(suite.command?.slice(1) ?? []), '-version'], {
    dir: suite.dir,
    env: suite.env.set,
    timeoutMs: VERSION_TIMEOUT_MS,
  });
  if (result.code !== 0) throw missing(suite, `${result.stderr}\n${result.stdout}`.trim().slice(-500));
  const lines = plainText(result.stdout).split('\n');
  const java = lines.find((line) => line.startsWith('Java version'))?.split(',')[0];
  return [lines[0]!.trim(), java, `(${program})`].filter(Boolean).join(', ');
}

function missing(suite: Suite, said = ''): ProjectProblem {
  const what = suite.command ? suite.command.join(' ') : 'mvn';
  const why = said ? ` It said: ${said}` : '';
  return new ProjectProblem(
    'ToolMissing',
    `suite ${suite.name}: \`${what} -version\` does not work. Install Maven and a JDK, or add the Maven wrapper (mvnw) to the project.${why}`,
  );
}
