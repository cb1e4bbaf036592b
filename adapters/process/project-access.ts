/** A look at a project's files, and short commands of the project in the cage. */
import type { Dirent } from 'node:fs';
import { mkdir, open, readdir, realpath, stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import type { ExitRecord } from '../../domain/batch.schema.js';
import { ProjectProblem } from '../../domain/failures.js';
import type { ExecOptions, ExecResult, FoundFile, ProjectAccess } from '../../domain/framework.js';
import type { Cage, CagedProcess } from '../../domain/runner-ports.js';
import type { Seal } from '../../domain/seal.js';
import { globMatcher } from './glob.js';
import { ownTempDir, removeTree } from './own-temp.js';

const MIB = 1024 * 1024;
const MAX_TEXT_BYTES = 4 * MIB;
const MAX_STREAM_MB = 32;
const MAX_ENTRIES = 200_000;
const EXEC_GRACE_MS = 2_000;
/** Directories with nothing a project wrote itself; never entered by `glob`. */
export const NEVER_ENTERED: ReadonlySet<string> = new Set(
  'node_modules .git .hg .venv venv __pycache__ target .tox .cache'.split(' '),
);

export interface ProjectAccessOptions {
  /** Absolute directories outside the root that symbolic links of the project may lead to, such as a cache of dependencies. */
  readonly alsoInside?: readonly string[];
  /** Set for a project that is not trusted: how to seal its commands, which may write these directories. */
  readonly seal?: (writable: readonly string[]) => Seal;
  /** Ends every command that is under way or begins later; `exec` then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const byCodeUnit = (a: FoundFile, b: FoundFile): number => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);

function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'ENAMETOOLONG'].includes((error as NodeJS.ErrnoException).code ?? '');
}

class DirectoryAccess implements ProjectAccess {
  readonly #cage: Cage;
  readonly #env: Readonly<Record<string, string>>;
  readonly #also: readonly string[];
  readonly #seal: ProjectAccessOptions['seal'];
  readonly #signal: AbortSignal | undefined;

  constructor(
    readonly root: string,
    cage: Cage,
    env: Readonly<Record<string, string>>,
    options: ProjectAccessOptions,
  ) {
    this.#cage = cage;
    this.#env = env;
    this.#also = options.alsoInside ?? [];
    this.#seal = options.seal;
    this.#signal = options.signal;
  }

  async readText(path: string): Promise<string | undefined> {
    const real = await this.#real(path);
    if (real === undefined) return undefined;
    // A named pipe would block for ever, a device could have no end.
    if (!(await stat(real)).isFile()) return undefined;
    const file = await open(real, 'r');
    try {
      const bytes = Buffer.alloc(MAX_TEXT_BYTES + 1);
      let length = 0;
      for (let read = -1; read !== 0 && length < bytes.length; length += read) {
        ({ bytesRead: read } = await file.read(bytes, length, Math.min(bytes.length - length, 256 * 1024)));
      }
      return length > MAX_TEXT_BYTES ? undefined : bytes.toString('utf8', 0, length).replace(/^\uFEFF/, '');
    } finally {
      await file.close();
    }
  }

  async exists(path: string): Promise<boolean> {
    return (await this.#real(path)) !== undefined;
  }

  async glob(dir: string, patterns: readonly string[], exclude: readonly string[] = []): Promise<FoundFile[]> {
    const wanted = globMatcher(patterns);
    const unwanted = globMatcher(exclude);
    const start = await this.#real(dir);
    if (start === undefined) return [];
    const prefix = resolve(this.root, dir)
      .slice(resolve(this.root).length + 1)
      .replaceAll(sep, '/');
    const files: FoundFile[] = [];
    let entries = 0;
    for (const pending = ['']; pending.length > 0; ) {
      const below = pending.pop() ?? '';
      for (const entry of await this.#list(join(start, below))) {
        entries += 1;
        if (entries > MAX_ENTRIES) throw tooMany(dir);
        const path = below === '' ? entry.name : `${below}/${entry.name}`;
        if (entry.isDirectory() && !NEVER_ENTERED.has(entry.name)) pending.push(path);
        if (entry.isDirectory() || !wanted(path) || unwanted(path)) continue;
        const fromRoot = prefix === '' ? path : `${prefix}/${path}`;
        const bytes = await this.#fileSize(fromRoot, entry);
        if (bytes !== undefined) files.push({ path: fromRoot, bytes });
      }
    }
    return files.sort(byCodeUnit);
  }

  async exec(command: string, args: readonly string[], options: ExecOptions): Promise<ExecResult> {
    const signal = options.signal ?? this.#signal;
    signal?.throwIfAborted();
    const scratch = await ownTempDir();
    const [stdoutFile, stderrFile] = [join(scratch, 'stdout'), join(scratch, 'stderr')];
    try {
      const sealed = this.#seal ? await sealedParts(this.#seal, scratch) : { env: {} };
      const child = await this.#cage.start({
        command,
        args,
        cwd: resolve(this.root, options.dir),
        ...sealed,
        env: { ...this.#env, ...options.env, ...sealed.env },
        limits: { timeoutMs: options.timeoutMs, graceMs: EXEC_GRACE_MS, outputMb: 2 * MAX_STREAM_MB },
        outputFile: join(scratch, 'output'),
        stdoutFile,
        stderrFile,
      });
      const exit = await ended(child, signal);
      if (exit.startError !== null) throw cannotStart(command, exit.startError, exit.killed);
      const [stdout, stderr] = [await streamText(command, stdoutFile), await streamText(command, stderrFile)];
      return { code: exit.code, stdout, stderr: stderr + endNote(exit, options) };
    } finally {
      await removeTree(scratch);
    }
  }

  /** The real path when it exists and lies inside the project (or a directory allowed beside it). */
  async #real(path: string): Promise<string | undefined> {
    try {
      const real = await realpath(resolve(this.root, path));
      for (const allowed of [this.root, ...this.#also]) {
        const base = await realpath(allowed);
        if (real === base || real.startsWith(base.endsWith(sep) ? base : base + sep)) return real;
      }
      return undefined;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async #list(dir: string): Promise<Dirent[]> {
    try {
      return await readdir(dir, { withFileTypes: true });
    } catch (error) {
      if (isMissing(error)) return []; // deleted meanwhile, or not readable by us and so by no test of ours
      throw error;
    }
  }

  /** Bytes of a regular file; a link counts when it leads to one inside, links to directories are not followed. */
  async #fileSize(path: string, entry: Dirent): Promise<number | undefined> {
    // Only a link can lead out, so only links pay for being resolved.
    const real = entry.isSymbolicLink() ? await this.#real(path) : resolve(this.root, path);
    if (real === undefined) return undefined;
    try {
      const found = await stat(real);
      return found.isFile() ? found.size : undefined;
    } catch (error) {
      if (isMissing(error)) return undefined; // deleted since it was listed
      throw error;
    }
  }
}

/** A home and a temporary folder that are removed with the command. */
async function sealedParts(
  seal: (writable: readonly string[]) => Seal,
  scratch: string,
): Promise<{ seal: Seal; env: Record<string, string> }> {
  const [home, temp] = [join(scratch, 'home'), join(scratch, 'tmp')];
  for (const dir of [home, temp]) await mkdir(dir);
  return { seal: seal([home, temp]), env: { HOME: home, TMPDIR: temp } };
}

/** How it ended. Cancelled, its whole tree is gone before the reason is thrown. */
async function ended(child: CagedProcess, signal: AbortSignal | undefined): Promise<ExitRecord> {
  const cancel = (): void => child.kill('cancelled');
  signal?.addEventListener('abort', cancel, { once: true });
  if (signal?.aborted) cancel();
  try {
    const exit = await child.exit;
    signal?.throwIfAborted();
    return exit;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

async function streamText(command: string, path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size > MAX_STREAM_MB * MIB) {
      throw new ProjectProblem(
        'DiscoveryFailed',
        `${command} printed more than ${MAX_STREAM_MB} MiB: make it list less, or name the tests with \`include\``,
      );
    }
    return (await file.readFile()).toString('utf8');
  } finally {
    await file.close();
  }
}

/** Says in the text of standard error why a command did not end by itself. */
function endNote({ killed, signal }: ExitRecord, { timeoutMs }: ExecOptions): string {
  if (killed === 'timeout') return `\n[baton] ended after ${timeoutMs} ms: it took too long\n`;
  if (killed !== null) return `\n[baton] ended: ${killed}\n`;
  return signal === null ? '' : `\n[baton] ended by ${signal}\n`;
}

function cannotStart(command: string, reason: string, killed: ExitRecord['killed']): ProjectProblem {
  if (killed === 'policy') return new ProjectProblem('BlockedByPolicy', reason);
  const said = `${command} could not be started: ${reason}.`;
  if (killed === 'disk')
    return new ProjectProblem('DiskFull', `${said} Make room on the disk of the temporary folder.`);
  if (reason.includes('the working directory'))
    return new ProjectProblem('ConfigInvalid', `${said} Correct \`dir\` of the suite.`);
  if (!/^(ENOENT|EACCES): /.test(reason)) return new ProjectProblem('SetupFailed', said);
  return new ProjectProblem(
    'ToolMissing',
    `${said} Install it, or name it with \`command\` in the suite's configuration.`,
  );
}

function tooMany(dir: string): ProjectProblem {
  return new ProjectProblem(
    'DiscoveryFailed',
    `more than ${MAX_ENTRIES} files and folders below ${dir}: set \`dir\` of the suite to the folder that holds its tests`,
  );
}

/** `root` is absolute; `env` is the whole environment of its commands, which `ExecOptions.env` may add to. */
export function projectAccess(
  root: string,
  cage: Cage,
  env: Readonly<Record<string, string>>,
  options: ProjectAccessOptions = {},
): ProjectAccess {
  return new DirectoryAccess(resolve(root), cage, env, options);
}
