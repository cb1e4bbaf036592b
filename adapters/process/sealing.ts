/** Which seal and which environment code gets that is not trusted. The runner's environment decides, never the project. */
import { existsSync, lstatSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join, sep } from 'node:path';
import type { Seal } from '../../domain/seal.js';
import { testEnvironment, type TestEnvironment } from './environment.js';

type Variables = Readonly<Record<string, string | undefined>>;

export interface SealingOptions {
  /** Baton's data directory: database, artifacts, other checkouts. Hidden. */
  readonly home: string;
  /** The runner's variables: where its tools are. */
  readonly environment: Variables;
  /** What the installation lets untrusted code read beside the system, such as a cache of dependencies. */
  readonly readable: readonly string[];
  /** Baton's own reporters, which run inside the project's framework. */
  readonly reporters: string;
}

export interface SealRequest {
  /** The project: may be written, except its git directory where it is the user's own. */
  readonly root: string;
  readonly writable: readonly string[];
  readonly readable?: readonly string[];
  readonly network?: boolean;
}

/** Installations of tools, told by the variables that their own installers set. None of them holds credentials. */
const TOOL_HOMES = [
  'GOROOT',
  'JAVA_HOME',
  'MAVEN_HOME',
  'M2_HOME',
  'PYENV_ROOT',
  'VIRTUAL_ENV',
  'PLAYWRIGHT_BROWSERS_PATH',
];
const KEPT = ['PATH', 'LANG', 'TZ', 'GOFLAGS', 'GOTOOLCHAIN', 'RUSTUP_HOME', 'RUSTUP_TOOLCHAIN', ...TOOL_HOMES];

/** Directories of PATH with what their programs need: a version of Node brings its own `lib`. */
function programs(path: string): string[] {
  const dirs = path.split(delimiter).filter((dir) => isAbsolute(dir) && existsSync(dir));
  return dirs.flatMap((dir) => {
    const prefix = dirname(realpathSync(dir));
    const around = existsSync(join(prefix, 'lib', 'node_modules')) ? [prefix] : [];
    // pyenv finds itself beside its shims.
    const pyenv = prefix.endsWith('/.pyenv') ? [prefix] : [];
    return dir.startsWith('/usr/') ? [] : [dir, ...around, ...pyenv];
  });
}

/** Rust's and Playwright's usual places, where no variable names others. */
function usualPlaces(environment: Variables): string[] {
  const home = environment['HOME'] ?? '/nonexistent';
  const rustup = environment['RUSTUP_HOME'] ?? join(home, '.rustup');
  return [join(rustup, 'toolchains'), join(rustup, 'settings.toml'), join(home, '.cache', 'ms-playwright')];
}

/** The git directory of a project in place: git runs what it finds in there, later and for its user, so it is read only. */
export function gitOf(root: string): { readable: string[] } {
  const path = join(root, '.git');
  const found = lstatSync(path, { throwIfNoEntry: false });
  // A link would show what it leads to.
  if (!found || found.isSymbolicLink()) return { readable: [] };
  return { readable: [path, ...borrowedObjects(path)] };
}

/** A checkout of ours borrows its objects from the copy of the repository, which lies in the hidden data directory. */
function borrowedObjects(gitDir: string): string[] {
  try {
    const paths = readFileSync(join(gitDir, 'objects', 'info', 'alternates'), 'utf8').split('\n');
    return paths.filter((path) => isAbsolute(path) && path.endsWith(`${sep}mirror.git${sep}objects`));
  } catch {
    return []; // has all its objects itself
  }
}

export function sealFor(options: SealingOptions, request: SealRequest): Seal {
  const { environment, home, readable, reporters } = options;
  const homes = TOOL_HOMES.map((name) => environment[name]).filter((dir) => dir !== undefined && isAbsolute(dir));
  return {
    writable: [request.root, ...request.writable],
    readable: [
      ...programs(environment['PATH'] ?? ''),
      ...(homes as string[]),
      ...usualPlaces(environment),
      ...readable,
      reporters,
      ...(request.readable ?? []),
    ],
    hidden: [home],
    network: request.network ?? false,
  };
}

/**
 * The environment of untrusted code: where tools are, what the project sets itself, and scratch folders. Nothing is
 * passed on by name, whatever the project's configuration asks for: that configuration is not trusted either.
 */
export function untrustedEnvironment(
  base: Variables,
  suiteEnv: { readonly set: Readonly<Record<string, string>> },
  extra: Readonly<Record<string, string>>,
): TestEnvironment {
  const tools = Object.entries(base).filter(([name]) => KEPT.includes(name) || name.startsWith('LC_'));
  const rustup = base['RUSTUP_HOME'] ?? (base['HOME'] ? join(base['HOME'], '.rustup') : undefined);
  const places = { RUSTUP_HOME: rustup, USER: 'baton', LOGNAME: 'baton' };
  const { env, secrets } = testEnvironment(
    { ...Object.fromEntries(tools), ...places },
    { set: suiteEnv.set, pass: [] },
  );
  return { env: { ...env, ...extra }, secrets };
}
