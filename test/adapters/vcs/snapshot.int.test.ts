import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { gitTool } from '../../../adapters/vcs/git.js';
import { snapshot } from '../../../adapters/vcs/snapshot.js';
import { repository } from './repo.js';

let dir: string;
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'baton-snapshot-')));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const git = gitTool({ PATH: process.env['PATH'], HOME: '/nonexistent' });

test('a directory without git has no facts', async () => {
  expect(await snapshot(git, dir)).toEqual({ commit: null, branch: null, dirty: null, tree: null, notes: [] });
});

test('a clean repository: the tree is that of the commit', async () => {
  const repo = repository(dir);
  const commit = repo.commit({ 'a.txt': 'a', 'sub/b.txt': 'b', '.gitignore': 'out/\n' });
  repo.write({ 'out/ignored.txt': 'x' });
  const expected = { commit, branch: 'main', dirty: false, tree: repo.git('rev-parse', 'HEAD^{tree}'), notes: [] };
  expect(await snapshot(git, dir)).toEqual(expected);
  expect(await snapshot(git, join(dir, 'sub'))).toEqual(expected);
});

test('local changes of every kind are in the tree, and nothing in the repository is touched', async () => {
  const repo = repository(dir);
  const commit = repo.commit({ 'kept.txt': 'a', 'changed.txt': 'a', 'deleted.txt': 'a' });
  repo.write({ 'changed.txt': 'b', 'new.txt': 'n', 'staged.txt': 's' });
  repo.git('add', 'staged.txt');
  rmSync(join(dir, 'deleted.txt'));
  const index = readFileSync(join(dir, '.git/index'));
  const objects = readdirSync(join(dir, '.git/objects'), { recursive: true }).length;

  const seen = await snapshot(git, dir);

  expect(readFileSync(join(dir, '.git/index'))).toEqual(index);
  expect(readdirSync(join(dir, '.git/objects'), { recursive: true })).toHaveLength(objects);
  repo.git('add', '--all');
  expect(seen).toEqual({ commit, branch: 'main', dirty: true, tree: repo.git('write-tree'), notes: [] });
});

test('a detached head has no branch; a repository without a commit has no commit', async () => {
  const repo = repository(join(dir, 'one'));
  repo.commit({ a: 'a' });
  repo.git('checkout', '--quiet', '--detach');
  expect(await snapshot(git, repo.dir)).toMatchObject({ branch: null, dirty: false });
  const empty = repository(join(dir, 'two'));
  empty.write({ a: 'a' });
  expect(await snapshot(git, empty.dir)).toEqual({
    commit: null,
    branch: 'main',
    dirty: true,
    tree: expect.stringMatching(/^[0-9a-f]{40}$/),
    notes: [],
  });
});

test('a link that leads out is recorded as a link, not by what it leads to', async () => {
  const repo = repository(join(dir, 'repo'));
  repo.commit({ a: 'a' });
  writeFileSync(join(dir, 'secret'), 'one');
  symlinkSync(join(dir, 'secret'), join(repo.dir, 'link'));
  const before = await snapshot(git, repo.dir);
  writeFileSync(join(dir, 'secret'), 'two');
  expect(before.dirty).toBe(true);
  expect(await snapshot(git, repo.dir)).toEqual(before);
});
