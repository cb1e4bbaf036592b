/** Real git repositories for tests, and an `exec` that runs set-up commands without a cage. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ExecOptions, ExecResult } from '../../../domain/framework.js';

const ENV = {
  PATH: process.env['PATH'],
  HOME: '/nonexistent',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Ada',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
};

export interface TestRepository {
  readonly dir: string;
  git(...args: string[]): string;
  write(files: Record<string, string>): void;
  /** Commits everything and returns the id. */
  commit(files: Record<string, string>): string;
}

export function repository(dir: string): TestRepository {
  mkdirSync(dir, { recursive: true });
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: dir, env: ENV, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
  const write = (files: Record<string, string>): void => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(dir, name)), { recursive: true });
      writeFileSync(join(dir, name), text);
    }
  };
  git('init', '--quiet', '--initial-branch=main');
  return {
    dir,
    git,
    write,
    commit(files) {
      write(files);
      git('add', '--all');
      git('commit', '--quiet', '--allow-empty', '-m', 'a change');
      return git('rev-parse', 'HEAD');
    },
  };
}

export interface RecordedExec {
  (root: string, command: string, args: readonly string[], options: ExecOptions): Promise<ExecResult>;
  /** Commands in the order they were asked for, without version questions. */
  readonly calls: string[];
}

/** Really runs the command, as the cage would. */
export function recordedExec(): RecordedExec {
  const calls: string[] = [];
  const exec = (root: string, command: string, args: readonly string[], options: ExecOptions): Promise<ExecResult> => {
    const words = [command, ...args].join(' ');
    if (!/--version$|go version$/.test(words)) calls.push(words);
    return new Promise((resolve) => {
      const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], ...options.env };
      execFile(
        command,
        [...args],
        { cwd: join(root, options.dir), env, timeout: options.timeoutMs },
        (error, stdout, stderr) => {
          const code = error ? (typeof error.code === 'number' ? error.code : null) : 0;
          resolve({
            code,
            stdout,
            stderr: error && typeof error.code === 'string' ? `${stderr}${error.message}` : stderr,
          });
        },
      );
    });
  };
  return Object.assign(exec, { calls });
}

/** A package that needs no registry: its one dependency is a folder of the project. */
export function nodeProject(version: string): Record<string, string> {
  return {
    'package.json': JSON.stringify({ name: 'shop', version: '1.0.0', dependencies: { helper: 'file:./helper' } }),
    'helper/package.json': JSON.stringify({ name: 'helper', version }),
    'helper/index.js': `module.exports = '${version}';\n`,
    'package-lock.json': JSON.stringify({
      name: 'shop',
      version: '1.0.0',
      lockfileVersion: 3,
      requires: true,
      packages: {
        '': { name: 'shop', version: '1.0.0', dependencies: { helper: 'file:./helper' } },
        helper: { version },
        'node_modules/helper': { resolved: 'helper', link: true },
      },
    }),
    '.gitignore': 'node_modules/\ndist/\n',
  };
}
