/**
 * The only place that runs git. What keeps a hostile name, address or repository from running a program:
 *   - arrays, never a shell; a short list of verbs; callers put `--end-of-options` or `--` before anything from outside,
 *     and `checkRef` and `checkRepository` refuse what starts with `-` before it comes here;
 *   - transports by allow-list (`ext::` and other helpers run commands);
 *   - no hooks, no fsmonitor, no submodules; no prompt that would wait for ever;
 *   - variables such as GIT_DIR, which a git hook that calls Baton would hand down, are dropped;
 *   - for directories that project code could have written to, `config: 'none'` ignores the user's configuration, and
 *     the callers use a git directory outside of them.
 */
import { execFile } from 'node:child_process';
import { devNull, homedir } from 'node:os';
import { ProjectProblem } from '../../domain/failures.js';

export interface GitOptions {
  /** Absolute working directory. */
  readonly dir: string;
  readonly gitDir?: string;
  readonly workTree?: string;
  /** `user`: credentials, proxies and ignore files of the user count (default). `none`: neither user nor system configuration. */
  readonly config?: 'user' | 'none';
  readonly env?: Readonly<Record<string, string>>;
  /** Default one minute. */
  readonly timeoutMs?: number;
}

/** Standard output without its last line end. Rejects with `GitFailed`, or `ProjectProblem('ToolMissing')`. */
export type Git = (args: readonly string[], options: GitOptions) => Promise<string>;

export class GitFailed extends Error {
  override readonly name = 'GitFailed';
  constructor(
    readonly verb: string,
    /** Exit code; null when git was ended by the time limit or a signal. */
    readonly code: number | null,
    /** Bounded, without credentials. */
    readonly stderr: string,
  ) {
    super(`git ${verb} ${code === null ? 'was ended' : `failed (${code})`}: ${stderr}`);
  }
}

const VERBS = new Set([
  'add',
  'cat-file',
  'checkout',
  'clean',
  'commit-tree',
  'config',
  'diff-tree',
  'diff',
  'fetch',
  'hash-object',
  'init',
  'log',
  'ls-files',
  'ls-remote',
  'ls-tree',
  'merge-base',
  'push',
  'read-tree',
  'rev-parse',
  'show',
  'symbolic-ref',
  'update-index',
  'update-ref',
  'version',
  'write-tree',
]);
const DEFAULT_TIMEOUT_MS = 60_000;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const MAX_STDERR_CHARS = 4000;

const SETTINGS = [
  'protocol.ext.allow=never',
  `core.hooksPath=${devNull}`,
  'core.fsmonitor=false',
  'submodule.recurse=false',
  'advice.addEmbeddedRepo=false',
  'advice.detachedHead=false',
  'gc.autoDetach=false',
].flatMap((setting) => ['-c', setting]);

/** Git with the given environment as its base; what it needs of it is PATH, HOME and proxies. */
export function gitTool(environment: Readonly<Record<string, string | undefined>>): Git {
  const base = cleanEnvironment(environment);
  return (args, options) =>
    new Promise((resolve, reject) => {
      const verb = args[0] ?? '';
      if (!VERBS.has(verb)) throw new Error(`git ${verb} is not among the calls that are allowed`);
      const places = [
        options.gitDir ? `--git-dir=${options.gitDir}` : '',
        options.workTree ? `--work-tree=${options.workTree}` : '',
      ];
      execFile(
        'git',
        [...SETTINGS, ...places.filter((place) => place !== ''), ...args],
        {
          cwd: options.dir,
          env: { ...base, ...(options.config === 'none' && NO_CONFIG), ...options.env },
          timeout: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
          killSignal: 'SIGKILL',
          maxBuffer: MAX_OUTPUT_BYTES,
          windowsHide: true,
        },
        (error, stdout, stderr) => {
          if (!error) resolve(stdout.replace(/\n$/, ''));
          else if (error.code === 'ENOENT')
            reject(
              new ProjectProblem(
                'ToolMissing',
                `git could not be started in ${options.dir}: install git, and make sure that the directory exists.`,
              ),
            );
          else
            reject(
              new GitFailed(
                verb,
                typeof error.code === 'number' ? error.code : null,
                reason(stderr, options.timeoutMs),
              ),
            );
        },
      ).stdin?.end();
    });
}

function reason(stderr: string, timeoutMs = DEFAULT_TIMEOUT_MS): string {
  const text = withoutCredentials(stderr).trim().slice(-MAX_STDERR_CHARS);
  return text === '' ? `no message; the time limit is ${timeoutMs / 1000} s` : text;
}

/** `https://user:token@host/…` → `https://host/…`, anywhere in a text. */
export const withoutCredentials = (text: string): string => text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/@]*@/gi, '$1');

const NO_CONFIG = { GIT_CONFIG_GLOBAL: devNull, GIT_CONFIG_NOSYSTEM: '1' };
/** How to reach a server and what the user configured; everything else that begins with GIT_ would point elsewhere. */
const KEPT = new Set([
  'GIT_SSH',
  'GIT_SSH_COMMAND',
  'GIT_ASKPASS',
  'GIT_SSL_CAINFO',
  'GIT_SSL_CAPATH',
  'GIT_CONFIG_GLOBAL',
  'GIT_CONFIG_SYSTEM',
  'GIT_CONFIG_NOSYSTEM',
  'GIT_EXEC_PATH',
]);

function cleanEnvironment(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const kept = Object.entries(environment).filter(
    (pair): pair is [string, string] => pair[1] !== undefined && (!pair[0].startsWith('GIT_') || KEPT.has(pair[0])),
  );
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: homedir(),
    ...Object.fromEntries(kept),
    LC_ALL: 'C',
    GIT_ALLOW_PROTOCOL: 'file:git:http:https:ssh',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GCM_INTERACTIVE: 'never',
    // ssh asks on the terminal even when it has no standard input; a helper that says no makes it fail at once.
    SSH_ASKPASS: 'false',
    SSH_ASKPASS_REQUIRE: 'force',
  };
}
