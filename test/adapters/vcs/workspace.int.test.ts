import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Workspaces, workspaces } from '../../../adapters/vcs/workspace.js';
import type { Source } from '../../../domain/run.schema.js';
import { nodeProject, type RecordedExec, recordedExec, repository, type TestRepository } from './repo.js';

let dir: string;
let repo: TestRepository;
let exec: RecordedExec;
let spaces: Workspaces;

const environment = { PATH: process.env['PATH'], HOME: '/nonexistent' };

beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'baton-workspace-')));
  repo = repository(join(dir, 'shop'));
  exec = recordedExec();
  spaces = workspaces({ home: join(dir, 'home'), exec, environment });
});
afterEach(() => rmSync(dir, { recursive: true, force: true, maxRetries: 3 }));

const at = (commit: string, of = repo.dir): Source => ({ kind: 'commit', repository: of, commit });
const read = (root: string, file: string): string => readFileSync(join(root, file), 'utf8');

describe('a directory', () => {
  test('is used in place, without set-up, and keeps the facts of the first look', async () => {
    const commit = repo.commit(nodeProject('1.0.0'));
    const first = await spaces.ensure({ kind: 'directory', dir: repo.dir }, 'run-1');
    expect(first).toEqual({
      root: repo.dir,
      commit,
      tree: repo.git('rev-parse', 'HEAD^{tree}'),
      branch: 'main',
      dirty: false,
      notes: [],
      setup: 'none',
    });
    repo.write({ 'new.txt': 'n' });
    expect(await spaces.ensure({ kind: 'directory', dir: repo.dir }, 'run-1')).toEqual(first);
    expect(await spaces.ensure({ kind: 'directory', dir: repo.dir }, 'run-2')).toMatchObject({ dirty: true });
    expect(exec.calls).toEqual([]);
  });

  test('that is not there is a bad source', async () => {
    await expect(spaces.ensure({ kind: 'directory', dir: join(dir, 'nope') }, 'run-1')).rejects.toMatchObject({
      problem: 'BadSource',
      message: `${join(dir, 'nope')} is not a directory on this machine. Give the absolute path of a project.`,
    });
  });
});

describe('a commit', () => {
  test('by branch, tag, full and short id is pinned and checked out', async () => {
    const first = repo.commit({ 'a.txt': 'one' });
    repo.git('tag', '-a', '-m', 'first', 'v1');
    const second = repo.commit({ 'a.txt': 'two' });
    const seen = [];
    for (const name of ['main', 'v1', first, second.slice(0, 10), 'HEAD', 'refs/heads/main']) {
      const { root, commit, branch, dirty } = await spaces.ensure(at(name), `run-${name}`);
      seen.push([commit, branch, dirty, read(root, 'a.txt')]);
      expect(execFileSync('git', ['status', '--porcelain', '--branch'], { cwd: root, encoding: 'utf8' })).toBe(
        branch ? '## main\n' : '## HEAD (no branch)\n',
      );
      await spaces.release(`run-${name}`);
    }
    expect(seen).toEqual([
      [second, 'main', false, 'two'],
      [first, null, false, 'one'],
      [first, null, false, 'one'],
      [second, null, false, 'two'],
      [second, null, false, 'two'],
      [second, 'main', false, 'two'],
    ]);
  });

  test('an execution stays with the commit it began with, although the branch moves', async () => {
    const first = repo.commit({ 'a.txt': 'one' });
    await spaces.ensure(at('main'), 'run-1');
    const second = repo.commit({ 'a.txt': 'two' });
    expect((await spaces.ensure(at('main'), 'run-1')).commit).toBe(first);
    expect((await spaces.ensure(at('main'), 'run-2')).commit).toBe(second);
  });

  test('that was force-pushed away is still fetched by its id', async () => {
    const gone = repo.commit({ 'a.txt': 'gone' });
    repo.git('commit', '--quiet', '--amend', '-m', 'instead');
    expect(await spaces.ensure(at(gone), 'run-1')).toMatchObject({ commit: gone, branch: null });
  });

  test('is fetched although a killed git left its locks in the mirror', async () => {
    const first = repo.commit({ 'a.txt': 'one' });
    const { root } = await spaces.ensure(at(first), 'run-1');
    for (const name of ['packed-refs.lock', 'refs/heads/main.lock'])
      writeFileSync(join(root, '../mirror.git', name), '');
    writeFileSync(`${root}.git/index.lock`, '');
    await spaces.release('run-1');
    const second = repo.commit({ 'a.txt': 'two' });
    expect(await spaces.ensure(at('main'), 'run-2')).toMatchObject({ root, commit: second });
  });

  test('once fetched, needs the repository no more', async () => {
    const commit = repo.commit({ 'a.txt': 'one' });
    await spaces.ensure(at(commit), 'run-1');
    rmSync(repo.dir, { recursive: true });
    expect((await spaces.ensure(at(commit), 'run-2')).commit).toBe(commit);
  });

  test.each([
    ['nope', 'has no branch, tag or commit "nope".'],
    ['0'.repeat(40), `has no commit ${'0'.repeat(40)}`],
    ['--upload-pack=touch x', 'is not the name of a commit, branch or tag.'],
  ])('%s is a bad source', async (name, message) => {
    repo.commit({ a: 'a' });
    await expect(spaces.ensure(at(name), 'run-1')).rejects.toMatchObject({
      problem: 'BadSource',
      message: expect.stringContaining(message),
    });
  });

  test('of a folder that is no repository is a bad source', async () => {
    await expect(spaces.ensure(at('main', dir), 'run-1')).rejects.toMatchObject({
      problem: 'BadSource',
      message: expect.stringContaining('could not be fetched'),
    });
  });
});

describe('between two commits', () => {
  test('files of the old one, and what its tests left, are gone; dependencies stay', async () => {
    const one = repo.commit({ ...nodeProject('1.0.0'), 'old.txt': 'old' });
    const { root } = await spaces.ensure(at(one), 'run-1');
    mkdirSync(join(root, 'dist'));
    writeFileSync(join(root, 'dist/left.js'), '');
    writeFileSync(join(root, 'left.txt'), '');
    writeFileSync(join(root, 'package.json'), 'broken by a test');
    writeFileSync(join(root, 'node_modules/kept'), '');
    await spaces.release('run-1');
    rmSync(join(repo.dir, 'old.txt'));
    const two = repo.commit({ 'new.txt': 'new' });

    expect(await spaces.ensure(at(two), 'run-2')).toMatchObject({ root, setup: 'cached' });

    expect(
      ['dist', 'left.txt', 'old.txt', 'new.txt', 'node_modules/kept', 'node_modules/helper'].filter((name) =>
        existsSync(join(root, name)),
      ),
    ).toEqual(['new.txt', 'node_modules/kept', 'node_modules/helper']);
    expect(read(root, 'package.json')).toBe(read(repo.dir, 'package.json'));
  });

  test('a folder in the place of a file, and a file in the place of a folder', async () => {
    const one = repo.commit({ 'thing/inner.txt': 'x', other: 'file' });
    const { root } = await spaces.ensure(at(one), 'run-1');
    writeFileSync(join(root, 'thing/untracked'), '');
    await spaces.release('run-1');
    repo.git('rm', '-rq', 'thing', 'other');
    const two = repo.commit({ thing: 'now a file', 'other/inner.txt': 'now a folder' });
    await spaces.ensure(at(two), 'run-2');
    expect([read(root, 'thing'), read(root, 'other/inner.txt')]).toEqual(['now a file', 'now a folder']);
  });

  test('a git configuration that a test planted is not obeyed', async () => {
    const one = repo.commit({ 'a.txt': 'a', '.gitattributes': '*.txt filter=evil\n' });
    const { root } = await spaces.ensure(at(one), 'run-1');
    const canary = join(dir, 'canary');
    execFileSync('git', ['config', 'filter.evil.smudge', `touch ${canary}; cat`], { cwd: root });
    execFileSync('git', ['config', 'core.fsmonitor', `touch ${canary}`], { cwd: root });
    await spaces.release('run-1');
    const two = repo.commit({ 'a.txt': 'b' });
    await spaces.ensure(at(two), 'run-2');
    expect([read(root, 'a.txt'), existsSync(canary)]).toEqual(['b', false]);
  });
});

describe('set-up', () => {
  test('runs once for a lockfile, and again when it has changed or its folder was deleted', async () => {
    const seen: unknown[] = [];
    const next = async (commit: string): Promise<void> => {
      const { root, setup } = await spaces.ensure(at(commit), commit);
      seen.push([setup, read(root, 'node_modules/helper/index.js')]);
      await spaces.release(commit);
    };
    await next(repo.commit(nodeProject('1.0.0')));
    await next(repo.commit({ 'src.js': '1' }));
    await next(repo.commit(nodeProject('2.0.0')));
    const { root } = await spaces.ensure(at('main'), 'look');
    rmSync(join(root, 'node_modules'), { recursive: true });
    await spaces.release('look');
    await next(repo.commit({ 'src.js': '2' }));
    expect(seen).toEqual([
      ['ran', "module.exports = '1.0.0';\n"],
      ['cached', "module.exports = '1.0.0';\n"],
      ['ran', "module.exports = '2.0.0';\n"],
      ['ran', "module.exports = '2.0.0';\n"],
    ]);
    expect(exec.calls).toEqual(Array(3).fill('npm ci --no-audit --no-fund'));
  });

  test('the second checkout with the same lockfile is there in less than two seconds', async () => {
    await spaces.ensure(at(repo.commit(nodeProject('1.0.0'))), 'run-1');
    await spaces.release('run-1');
    const second = repo.commit({ 'src.js': '1' });
    const start = performance.now();
    expect((await spaces.ensure(at(second), 'run-2')).setup).toBe('cached');
    const ms = performance.now() - start;
    console.info(`second checkout: ${Math.round(ms)} ms`);
    expect(ms).toBeLessThan(2000);
  });

  test('that fails names the command and the end of its output, and is tried again', async () => {
    const { 'package-lock.json': lock = '', ...rest } = nodeProject('1.0.0');
    const bad = repo.commit({ ...rest, 'package-lock.json': lock.replaceAll('helper', 'other') });
    const attempt = (): Promise<unknown> => spaces.ensure(at(bad), 'run-1');
    await expect(attempt()).rejects.toMatchObject({
      problem: 'SetupFailed',
      message: expect.stringMatching(/`npm ci --no-audit --no-fund` ended with exit code 1\.\n[\s\S]*npm/),
    });
    await expect(attempt()).rejects.toMatchObject({ problem: 'SetupFailed' });
    expect(exec.calls).toHaveLength(2);
    const good = repo.commit(nodeProject('1.0.0'));
    expect(await spaces.ensure(at(good), 'run-2')).toMatchObject({
      setup: 'ran',
      root: expect.stringMatching(/slot-1$/),
    });
  });

  test('a tool that is missing is named, with the file that asks for it', async () => {
    const none = workspaces({
      home: join(dir, 'home'),
      environment,
      exec: async () => ({ code: 127, stdout: '', stderr: 'pnpm: not found' }),
    });
    const commit = repo.commit({ 'pnpm-lock.yaml': 'lockfileVersion: 9', 'package.json': '{}' });
    await expect(none.ensure(at(commit), 'run-1')).rejects.toMatchObject({
      problem: 'ToolMissing',
      message: expect.stringMatching(
        /`pnpm install --frozen-lockfile` \(pnpm-lock\.yaml, package\.json\).*pnpm: not found\nInstall pnpm on the runner/,
      ),
    });
  });

  test("a command of the project's own runs for every tree, and its outcome stays for the same tree", async () => {
    const own = workspaces({
      home: join(dir, 'home'),
      exec,
      environment,
      setupCommand: async () => ['sh', '-c', 'mkdir -p dist && date +%s%N > dist/built'],
    });
    const commit = repo.commit({ '.gitignore': 'dist/\n' });
    const first = await own.ensure(at(commit), 'run-1');
    const built = read(first.root, 'dist/built');
    await own.release('run-1');
    expect((await own.ensure(at(commit), 'run-2')).setup).toBe('cached');
    expect(read(first.root, 'dist/built')).toBe(built);
    await own.release('run-2');
    expect((await own.ensure(at(repo.commit({ b: 'b' })), 'run-3')).setup).toBe('ran');
    expect(read(first.root, 'dist/built')).not.toBe(built);
  });

  test('a virtual environment is made from requirement files', async () => {
    const commit = repo.commit({ 'requirements.txt': '# nothing to install\n', 'test_a.py': 'def test_a(): pass\n' });
    const { root, setup } = await spaces.ensure(at(commit), 'run-1');
    expect([setup, existsSync(join(root, '.venv/bin/python'))]).toEqual(['ran', true]);
    await spaces.release('run-1');
    expect(await spaces.ensure(at(repo.commit({ 'b.py': '' })), 'run-2')).toMatchObject({ setup: 'cached' });
    expect(existsSync(join(root, '.venv/bin/python'))).toBe(true);
  });

  test('nothing outside the checkout is written when a commit puts a link in the place of its dependencies', async () => {
    const outside = join(dir, 'outside');
    mkdirSync(outside);
    symlinkSync(outside, join(repo.dir, 'node_modules'));
    const { '.gitignore': _, ...files } = nodeProject('1.0.0');
    const commit = repo.commit(files);
    await spaces.ensure(at(commit), 'run-1').catch(() => undefined);
    expect(existsSync(join(outside, '.baton-setup'))).toBe(false);
  });
});
