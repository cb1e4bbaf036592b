/** What a change is, from real repositories. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { changeReader } from '../../../adapters/vcs/change.js';
import type { ChangeReader, SeenChange } from '../../../domain/pre-release/ports.js';
import type { Source } from '../../../domain/run.schema.js';
import { repository, type TestRepository } from './repo.js';

let dir: string;
let repo: TestRepository;
let reader: ChangeReader;
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'baton-change-')));
  repo = repository(join(dir, 'shop'));
  reader = changeReader({ home: join(dir, 'home'), environment: { PATH: process.env['PATH'], HOME: dir } });
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const commitOf = (commit: string): Source => ({ kind: 'commit', repository: repo.dir, commit });
const changeOf = (source: Source, asked = {}): Promise<SeenChange['change']> =>
  reader.read(source, asked, async ({ change }) => change);

describe('a commit', () => {
  it('is compared with where it left the default branch, file by file', async () => {
    const base = repo.commit({ 'src/a.js': '1\n2\n3\n', 'src/old name.js': 'x\n'.repeat(20), 'src/gone.js': 'g\n' });
    repo.git('checkout', '-q', '-b', 'feature/x');
    rmSync(join(repo.dir, 'src/gone.js'));
    repo.git('mv', 'src/old name.js', 'src/new\tname.js');
    repo.write({ 'logo.png': '\0\0\0' });
    repo.git('add', '--all');
    const commit = repo.commit({ 'src/a.js': '1\n2\n4\n5\n', 'src/ä.js': 'new\n' });
    const change = await changeOf(commitOf(commit));
    expect(change).toMatchObject({
      commit,
      base,
      how: 'where it left main',
      commits: 1,
      subject: 'a change',
      dirty: false,
    });
    expect(change.authors).toEqual([{ name: 'Ada', email: 'ada@example.com', commits: 1 }]);
    const files = Object.fromEntries(change.files.map(({ path, ...rest }) => [path, rest]));
    expect(files).toEqual({
      'logo.png': { kind: 'added', added: null, deleted: null, churn: 0 },
      'src/a.js': { kind: 'modified', added: 2, deleted: 1, churn: 1 },
      'src/gone.js': { kind: 'deleted', added: 0, deleted: 1, churn: 1 },
      'src/new\tname.js': { kind: 'renamed', from: 'src/old name.js', added: 0, deleted: 0, churn: 1 },
      'src/ä.js': { kind: 'added', added: 1, deleted: 0, churn: 0 },
    });
  });

  it('of the default branch is compared with the head before the push, or with its parent when that is gone', async () => {
    const first = repo.commit({ 'a.txt': 'a' });
    const second = repo.commit({ 'b.txt': 'b' });
    const third = repo.commit({ 'c.txt': 'c' });
    expect(await changeOf(commitOf(third), { before: first })).toMatchObject({ base: first, commits: 2 });
    const gone = await changeOf(commitOf(third), { before: 'f'.repeat(40) });
    expect(gone).toMatchObject({ base: second, how: 'its first parent' });
    expect(gone.notes).toEqual(['The head of the branch before the push cannot be found any more.']);
    await expect(changeOf(commitOf(third), { base: 'f'.repeat(40) })).rejects.toThrow(/fffff/);
  });

  it('that is the first has everything as new', async () => {
    const commit = repo.commit({ 'a.txt': 'a\nb\n' });
    const change = await changeOf(commitOf(commit));
    expect(change).toMatchObject({ base: null, commits: 1 });
    expect(change.files).toEqual([{ path: 'a.txt', kind: 'added', added: 2, deleted: 0, churn: 1 }]);
  });

  it('lets its files be read without a checkout, links and programs left out', async () => {
    const commit = repo.commit({
      'baton.config.yaml': 'project: shop\n',
      'test/a.test.js': '1',
      'node_modules/x/a.test.js': '2',
    });
    await reader.read(commitOf(commit), {}, async ({ project }) => {
      expect(await project.readText('./baton.config.yaml')).toBe('project: shop');
      expect(await project.readText('nothing')).toBeUndefined();
      expect(await project.exists('test')).toBe(true);
      expect((await project.glob('.', ['**/*.test.js'])).map(({ path }) => path)).toEqual(['test/a.test.js']);
      await expect(project.exec('node', ['-v'], { dir: '.', timeoutMs: 1000 })).rejects.toThrow(/only looked at/);
    });
  });
});

describe('a directory', () => {
  it('is seen with what is not committed, and nothing in it is touched', async () => {
    const commit = repo.commit({ 'a.txt': 'a\n' });
    repo.write({ 'a.txt': 'b\n', 'new.txt': 'n\n' });
    const before = repo.git('status', '--porcelain');
    const change = await changeOf({ kind: 'directory', dir: repo.dir });
    expect(change).toMatchObject({ commit, base: commit, dirty: true, branch: 'main', commits: 0 });
    expect(change.files.map(({ path, kind }) => [path, kind])).toEqual([
      ['a.txt', 'modified'],
      ['new.txt', 'added'],
    ]);
    expect(repo.git('status', '--porcelain')).toBe(before);
  });

  it('inside a repository has its own paths, and only its own changes', async () => {
    repo.commit({ 'packages/web/a.js': '1\n', 'packages/api/b.js': '1\n' });
    repo.commit({ 'packages/web/a.js': '2\n', 'packages/api/b.js': '2\n' });
    const change = await changeOf({ kind: 'directory', dir: join(repo.dir, 'packages/web') });
    expect(change.files).toEqual([{ path: 'a.js', kind: 'modified', added: 1, deleted: 1, churn: 1 }]);
  });

  it('without git has no change to look at, and says so', async () => {
    const plain = join(dir, 'plain');
    rmSync(repo.dir, { recursive: true });
    repository(plain);
    rmSync(join(plain, '.git'), { recursive: true });
    writeFileSync(join(plain, 'a.txt'), 'a');
    expect(await changeOf({ kind: 'directory', dir: plain })).toMatchObject({ commit: null, files: [] });
    await expect(changeOf({ kind: 'directory', dir: join(dir, 'nowhere') })).rejects.toThrow(/not a directory/);
  });
});
