/**
 * What a framework adapter is. One adapter is one file in `adapters/frameworks/`, one line in its registry and a
 * folder of real output in `test/fixtures/frameworks/<name>/`.
 *
 * The runner asks in this order: `detect` → `discover` → (`prepare`) → `command` → feeds `reader` while the process
 * lives → `reader.end`. An adapter never starts a process itself: `ProjectAccess.exec` and the cage do.
 */
import type { ExitRecord } from './batch.schema.js';
import type { FrameworkName, SuiteConfig } from './config.schema.js';
import type { Suite } from './plan.schema.js';
import type { TestEvent } from './test-event.schema.js';

export interface ExecResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A look at the project. Paths are relative to the project's root, with forward slashes. */
export interface ProjectAccess {
  readonly root: string;
  /** Text of a file, or undefined when it does not exist or is larger than 4 MiB. */
  readText(path: string): Promise<string | undefined>;
  exists(path: string): Promise<boolean>;
  /** Files below `dir` that match any glob (`*`, `**`, `?`, `{a,b}`); node_modules, .git and the like are never entered. */
  glob(dir: string, patterns: readonly string[], exclude?: readonly string[]): Promise<FoundFile[]>;
  /** Runs a short command of the project inside the cage; never through a shell. */
  exec(command: string, args: readonly string[], options: ExecOptions): Promise<ExecResult>;
}

export interface FoundFile {
  readonly path: string;
  readonly bytes: number;
}

export interface ExecOptions {
  /** Relative to the root. */
  readonly dir: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Ends the command; `exec` then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A suite as detection proposes it: name, framework and directory; the rest takes defaults. */
export interface SuiteDraft {
  readonly config: Pick<SuiteConfig, 'name' | 'framework' | 'dir'> & Partial<SuiteConfig>;
  readonly because: string;
}

/** The unit of planning: a file for most; a package directory for go, a test class for Maven, a target for cargo. */
export interface DiscoveredFile {
  /** Relative to the suite's directory. */
  readonly file: string;
  /** Size in bytes, the first guess at its duration. */
  readonly bytes: number;
}

export interface CommandRequest {
  readonly suite: Suite;
  /** Absolute directory of the project. */
  readonly root: string;
  readonly files: readonly string[];
  /** Name paths to run, when the adapter can select tests and a rerun asks for some; otherwise absent. */
  readonly tests?: readonly (readonly string[])[] | undefined;
  /** Where our reporter appends its events; empty at start. */
  readonly eventsFile: string;
  /** Empty directory that belongs to this attempt alone. */
  readonly scratchDir: string;
  /** How many processor cores this batch may use. */
  readonly cores: number;
  readonly bail: boolean;
}

export interface CommandSpec {
  readonly command: string;
  readonly args: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Where event lines come from: the events file, or the tool's standard output (`go test -json`). */
  readonly events: 'file' | 'stdout';
  /** How long a started tool may need before its first event, over which silence limits do not apply. */
  readonly warmupMs?: number;
}

export interface TrialRequest {
  readonly suite: Suite;
  readonly root: string;
  readonly files: readonly string[];
  /** JSON lines `{id, changes: [{path, text}]}`, paths relative to the root. */
  readonly variantsFile: string;
  /** Gets a JSON line `{id, outcome, ms}` for each. */
  readonly eventsFile: string;
  /** Of one variant and one test file. */
  readonly timeoutMs: number;
  readonly memoryMb: number;
}

/** Turns what a tool writes into events. One reader serves one attempt. */
export interface ResultReader {
  /** One complete line of the events channel. Lines that are no events are ignored, never an error. */
  line(text: string): TestEvent[];
  /** Looks at report files that have appeared so far; called about twice a second while the process lives. */
  poll?(): Promise<TestEvent[]>;
  /** Called once, after the whole process tree has ended. */
  end(exit: ExitRecord): Promise<TestEvent[]>;
}

/** What an exit code means in the tool's own protocol. `empty`: it found no tests. `broken`: it did not get to testing. */
export type ExitMeaning = 'green' | 'red' | 'empty' | 'broken';

export interface FrameworkAdapter {
  readonly name: FrameworkName;
  /** Can `command` honour `tests`? */
  readonly selectsTests: boolean;
  /** Looks at files only. Several drafts when the project has several packages or targets. */
  detect(project: ProjectAccess): Promise<SuiteDraft[]>;
  /** Every file the framework itself would run. Throws `ProjectProblem` with what to do when the tool is missing. */
  discover(suite: Suite, project: ProjectAccess): Promise<DiscoveredFile[]>;
  /** `never` when two of its processes in one directory disturb each other by design. */
  sideBySide(suite: Suite, project: ProjectAccess): Promise<'safe' | 'never'>;
  /** Anything that must be done once per execution before batches run, such as a build. Inside the cage. */
  prepare?(suite: Suite, project: ProjectAccess, cores: number): Promise<void>;
  command(request: CommandRequest): Promise<CommandSpec>;
  reader(request: CommandRequest): ResultReader;
  exitMeaning(code: number): ExitMeaning;
  /** The sieve of fixes: a program that tries many variants of source files quickly. What it says is never evidence. */
  trial?(request: TrialRequest): CommandSpec;
  /** Variables that make test processes write what each test ran into `folder`, one JSON line per test (`TestCoverage`). */
  coverage?(suite: Suite, root: string, folder: string): Readonly<Record<string, string>>;
  /** Program, version and how it was found, by really running it; for `baton doctor`. */
  version(suite: Suite, project: ProjectAccess): Promise<string>;
}
