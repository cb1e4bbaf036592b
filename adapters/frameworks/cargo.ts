/**
 * cargo test. The unit is a target: its source file (`src/lib.rs`, `tests/it.rs`, `crates/x/src/main.rs`) or the doc
 * tests of a package (`doc:name`). A driver of ours runs the targets; see `reporters/cargo-driver.mjs` for why and how.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { clip } from '../../domain/clip.js';
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
import { CargoReader } from './cargo/reader.js';
import { reporterPath } from './reporter-path.js';

const LIST_TIMEOUT_MS = 120_000;
const BUILD_TIMEOUT_MS = 60 * 60_000;
/** Cargo for failed tests, and for code that does not compile. */
const RED = 101;
const LISTED = 'baton-cargo ';
/** The driver's options would be refused a second time. */
const NOT_TWICE = /^--(no-fail-fast|no-run)$/;

export const cargoAdapter: FrameworkAdapter = {
  name: 'cargo',
  selectsTests: true,
  detect,
  discover,
  // Cargo holds its lock while it builds, and `prepare` has built; test programs run outside it.
  sideBySide: async () => 'safe',
  prepare,
  command: commandOf,
  reader: () => new CargoReader(),
  exitMeaning: (code) => (code === 0 ? 'green' : code === RED ? 'red' : 'broken'),
  version,
};

/** The workspace at the root, else the outermost ones below it. */
async function detect(project: ProjectAccess): Promise<SuiteDraft[]> {
  if (await project.exists('Cargo.toml')) return [draft('.')];
  const dirs = (await project.glob('.', ['**/Cargo.toml'], ['**/target/**', '**/vendor/**']))
    .map((f) => f.path.slice(0, -'/Cargo.toml'.length))
    .sort();
  return dirs.filter((dir) => !dirs.some((other) => other !== dir && dir.startsWith(`${other}/`))).map(draft);
}

const draft = (dir: string): SuiteDraft => ({
  config: {
    name: dir === '.' ? 'cargo' : `cargo-${dir.replace(/[^\w.@/-]/g, '-')}`.slice(0, 100),
    framework: 'cargo',
    dir,
  },
  because: join(dir, 'Cargo.toml'),
});

const cargoOf = (suite: Suite): readonly string[] => suite.command ?? ['cargo', 'test'];

function planOf(suite: Suite, root: string): Record<string, unknown> {
  return {
    dir: join(root, suite.dir),
    cargo: cargoOf(suite),
    args: suite.args,
    runner: reporterPath('cargo-runner.sh'),
  };
}

async function discover(suite: Suite, project: ProjectAccess): Promise<DiscoveredFile[]> {
  const args = [reporterPath('cargo-driver.mjs'), 'list', JSON.stringify(planOf(suite, project.root))];
  const result = await project.exec(process.execPath, args, {
    dir: suite.dir,
    env: suite.env.set,
    timeoutMs: LIST_TIMEOUT_MS,
  });
  const line = result.stdout.split('\n').find((l) => l.startsWith(LISTED));
  if (line === undefined)
    throw await cargoProblem(
      suite,
      project,
      'DiscoveryFailed',
      `\`cargo metadata\` failed in ${suite.dir}`,
      result.stderr,
    );
  const found = JSON.parse(line.slice(LISTED.length)) as DiscoveredFile[];
  if (suite.include === undefined && suite.exclude === undefined) return found;
  const globbed = await project.glob(suite.dir, suite.include ?? ['**/*'], suite.exclude);
  const allowed = new Set(
    globbed.map(({ path }) => (suite.dir === '.' ? path : path.slice(suite.dir.replace(/\/*$/, '/').length))),
  );
  // Doc tests belong to no single file: globs of files can neither name nor exclude them.
  return found.filter((f) => allowed.has(f.file) || (f.file.startsWith('doc:') && suite.include === undefined));
}

/**
 * Builds everything once, so that batches only find it fresh. Code that does not compile is no reason to stop here: it
 * becomes a red result of its target. Anything else that keeps cargo from building is.
 */
async function prepare(suite: Suite, project: ProjectAccess): Promise<void> {
  const [command, ...first] = cargoOf(suite);
  const split = suite.args.indexOf('--');
  const own = (split < 0 ? suite.args : suite.args.slice(0, split)).filter((arg) => !NOT_TWICE.test(arg));
  const args = [...first, ...own, '--no-run', '--no-fail-fast'];
  const result = await project.exec(command!, args, {
    dir: suite.dir,
    env: suite.env.set,
    timeoutMs: BUILD_TIMEOUT_MS,
  });
  if (result.code === 0 || (result.code === RED && /could not compile/.test(result.stderr))) return;
  throw await cargoProblem(
    suite,
    project,
    'SetupFailed',
    `\`${[command, ...args].join(' ')}\` failed in ${suite.dir}`,
    result.stderr,
  );
}

async function cargoProblem(
  suite: Suite,
  project: ProjectAccess,
  problem: 'DiscoveryFailed' | 'SetupFailed',
  what: string,
  stderr: string,
): Promise<ProjectProblem> {
  const tool = cargoOf(suite)[0]!;
  if ((await project.exec(tool, ['--version'], { dir: suite.dir, timeoutMs: LIST_TIMEOUT_MS })).code !== 0)
    return missing(suite);
  return new ProjectProblem(problem, `${what}: ${clip(stderr.trim(), 4000)}`);
}

const missing = (suite: Suite): ProjectProblem =>
  new ProjectProblem(
    'ToolMissing',
    `Suite ${suite.name} needs Rust, but \`${cargoOf(suite)[0]} --version\` does not run. Install it (https://rustup.rs) and put cargo on PATH.`,
  );

async function commandOf(request: CommandRequest): Promise<CommandSpec> {
  const { suite, root, files, tests, scratchDir, eventsFile, bail } = request;
  const plan = join(scratchDir, 'baton-cargo.json');
  await writeFile(plan, JSON.stringify({ ...planOf(suite, root), files, tests, bail, events: eventsFile }));
  return {
    command: process.execPath,
    args: [reporterPath('cargo-driver.mjs'), 'run', plan],
    cwd: join(root, suite.dir),
    env: {},
    events: 'file',
    warmupMs: BUILD_TIMEOUT_MS,
  };
}

async function version(suite: Suite, project: ProjectAccess): Promise<string> {
  const tool = cargoOf(suite)[0]!;
  const result = await project.exec(tool, ['--version'], { dir: suite.dir, timeoutMs: LIST_TIMEOUT_MS });
  if (result.code !== 0) throw missing(suite);
  return `${result.stdout.trim()} (${tool} on PATH)`;
}
