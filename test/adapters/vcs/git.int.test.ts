import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GitFailed, gitTool } from '../../../adapters/vcs/git.js';
import { repository } from './repo.js';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'baton-git-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const environment = { PATH: process.env['PATH'], HOME: '/nonexistent' };

test('a helper transport is not run, even where nothing was checked before', async () => {
  const git = gitTool(environment);
  const canary = join(dir, 'canary');
  const { dir: repo } = repository(join(dir, 'repo'));
  await expect(git(['fetch', '--', `ext::sh -c touch% ${canary}`], { dir: repo })).rejects.toThrow(
    /transport 'ext' not allowed/,
  );
  expect(existsSync(canary)).toBe(false);
});

test('hooks and fsmonitor of a repository are not run', async () => {
  const repo = repository(join(dir, 'repo'));
  const commit = repo.commit({ 'a.txt': 'a' });
  const canary = join(dir, 'canary');
  writeFileSync(join(repo.dir, '.git/hooks/post-checkout'), `#!/bin/sh\ntouch ${canary}\n`, { mode: 0o755 });
  repo.git('config', 'core.fsmonitor', `touch ${canary}; false`);
  const git = gitTool(environment);
  await git(['checkout', '--force', '--detach', '--quiet', commit, '--'], { dir: repo.dir });
  await git(['add', '--all', '--', '.'], { dir: repo.dir });
  expect(existsSync(canary)).toBe(false);
});

test('variables that a git hook hands down do not lead to another repository', async () => {
  const one = repository(join(dir, 'one'));
  const two = repository(join(dir, 'two'));
  one.commit({ a: '1' });
  const id = two.commit({ b: '2' });
  const git = gitTool({
    ...environment,
    GIT_DIR: join(one.dir, '.git'),
    GIT_INDEX_FILE: join(dir, 'x'),
    GIT_WORK_TREE: one.dir,
  });
  expect(await git(['rev-parse', 'HEAD'], { dir: two.dir })).toBe(id);
});

test('a failure has its verb, exit code and message; a verb that is not listed never starts', async () => {
  const git = gitTool(environment);
  await expect(git(['rev-parse', '--show-toplevel'], { dir })).rejects.toEqual(
    new GitFailed('rev-parse', 128, 'fatal: not a git repository (or any of the parent directories): .git'),
  );
  await expect(git(['daemon'], { dir })).rejects.toThrow('git daemon is not among the calls that are allowed');
  await expect(gitTool({ PATH: '/nonexistent' })(['version'], { dir })).rejects.toMatchObject({
    problem: 'ToolMissing',
  });
});

test('a call that takes too long is ended', async () => {
  const repo = repository(join(dir, 'repo'));
  const slow = gitTool({ ...environment, GIT_SSH_COMMAND: 'sleep 30 #' });
  const start = performance.now();
  await expect(slow(['fetch', '--', 'git@git.invalid:x.git'], { dir: repo.dir, timeoutMs: 300 })).rejects.toMatchObject(
    { name: 'GitFailed', code: null },
  );
  expect(performance.now() - start).toBeLessThan(10_000);
});
