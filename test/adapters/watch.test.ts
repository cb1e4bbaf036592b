/** Clones and directories as a person works in them: real git, real files. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { globMatcher } from '../../adapters/process/glob.js';
import { gitTool } from '../../adapters/vcs/git.js';
import { mergeGate } from '../../adapters/vcs/merge-gate.js';
import { openWatches, type Watches } from '../../adapters/watch/watches.js';
import { hookScript } from '../../cli/commands/hook-scripts.js';
import type { Happening } from '../../domain/triggers/happening.js';
import { Trigger } from '../../domain/triggers/trigger.schema.js';
import { repository, type TestRepository } from './vcs/repo.js';

const git = gitTool(process.env);
const matches = (pattern: string, text: string): boolean => globMatcher([pattern])(text);
let home: string;
let clone: TestRepository;
let told: [string, Happening][];
let open: Watches[];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'baton-watch-'));
  clone = repository(join(home, 'clone'));
  told = [];
  open = [];
});
afterEach(() => {
  for (const each of open) each.close();
  rmSync(home, { recursive: true, force: true });
});

function watching(...triggers: object[]): Watches {
  const parsed = triggers.map((each) => Trigger.parse(each));
  const watches = openWatches({
    git,
    home: join(home, 'watched'),
    matches,
    triggers: async () => parsed,
    told: async (trigger, happening) => void told.push([trigger.name, happening]),
    failed: (error) => {
      throw error;
    },
  });
  open.push(watches);
  return watches;
}

const show = (commit: string, format: string): string => clone.git('show', '--no-patch', `--format=${format}`, commit);

describe('a clone', () => {
  const trigger = (change: object = {}) => ({ type: 'git', name: 'local', dir: clone.dir, ...change });

  it('a new commit is told of once, with what git says of it', async () => {
    const first = clone.commit({ 'src/a.ts': 'a', 'b.md': 'b' });
    const watches = watching(trigger());
    await watches.look();
    expect(told).toEqual([]);
    const second = clone.commit({ 'src/a.ts': 'changed', 'ü "quoted".md': 'new' });
    await watches.look();
    await watches.look();
    expect(told).toMatchObject([
      [
        'local',
        { event: 'push', repository: clone.dir, branch: 'main', commit: second, before: first, type: 'commitDetected' },
      ],
    ]);
    const [, happening] = told[0]!;
    expect(happening.paths).toEqual(['src/a.ts', 'ü "quoted".md']);
    expect(happening.data).toMatchObject({ hash: second, message: show(second, '%B').trim(), files: happening.paths });
    expect(clone.git('diff', first, second)).toContain((happening.data as { diff: string }).diff.split('\n')[0]);
  });

  it('a commit made while nobody watched is told of by the next one who does; a new branch at a known commit is none', async () => {
    clone.commit({ 'a.ts': 'a' });
    await watching(trigger()).look();
    const commit = clone.commit({ 'a.ts': 'b' });
    const later = watching(trigger());
    await later.look();
    clone.git('checkout', '--quiet', '-b', 'feature/x');
    await later.look();
    expect(told.map(([, happening]) => happening.commit)).toEqual([commit]);
    clone.commit({ 'a.ts': 'c' });
    await later.look();
    expect(told.at(-1)?.[1]).toMatchObject({ branch: 'feature/x' });
  });

  it('says why nothing is seen: no repository, disabled, no such directory, paths that fit nothing', async () => {
    clone.commit({ 'a.ts': 'a' });
    const watches = watching(
      trigger({ name: 'bare', dir: home }),
      trigger({ name: 'off', enabled: false }),
      trigger({ name: 'gone', dir: join(home, 'gone') }),
      trigger({ name: 'wrong', paths: ['web/**'] }),
      trigger({ name: 'fine' }),
    );
    await watches.look();
    const problems = Object.fromEntries(watches.states().map((each) => [each.trigger, each.problem]));
    expect(problems).toMatchObject({
      bare: expect.stringContaining('is no git repository'),
      off: expect.stringContaining('is disabled'),
      gone: expect.stringContaining('There is no directory'),
      wrong: expect.stringContaining('No file of'),
      fine: null,
    });
  });
});

describe('files', () => {
  it('saved files that fit are told of once, after nothing more is saved; others never', async () => {
    mkdirSync(join(home, 'p/src/deep'), { recursive: true });
    const watches = watching({
      type: 'files',
      name: 'saves',
      dir: join(home, 'p'),
      paths: ['src/**/*.ts'],
      debounceMs: 200,
    });
    await watches.look();
    await sleep(100);
    writeFileSync(join(home, 'p/readme.md'), 'x');
    writeFileSync(join(home, 'p/src/style.css'), 'x');
    await sleep(400);
    expect(told).toEqual([]);
    for (let i = 0; i < 5; i++) {
      writeFileSync(join(home, 'p/src/a.ts'), `${i}`);
      writeFileSync(join(home, 'p/src/deep/b.ts'), `${i}`);
      await sleep(40);
    }
    await expect.poll(() => told.length).toBe(1);
    await sleep(400);
    expect(told).toHaveLength(1);
    expect(told[0]?.[1]).toMatchObject({ event: 'files', repository: join(home, 'p') });
    expect([...(told[0]?.[1].paths ?? [])].sort()).toEqual(['src/a.ts', 'src/deep/b.ts']);
  });
});

describe('the gate of a clone', () => {
  const block = (branch: string, commit: string) => ({
    branch,
    commit,
    execution: 'wf_1',
    reason: 'two\ttests\nfailed',
  });

  it('has a line per blocked branch and goes with the last one; a directory that is no clone has none', async () => {
    clone.commit({ 'a.ts': 'a' });
    const gate = mergeGate(git);
    await Promise.all(['main', 'a', 'b'].map((branch) => gate.block(clone.dir, block(branch, 'c0ffee'))));
    await gate.block(clone.dir, block('main', 'beef'));
    expect((await gate.read(clone.dir)).map((each) => [each.branch, each.commit, each.reason]).sort()).toEqual([
      ['a', 'c0ffee', 'two tests failed'],
      ['b', 'c0ffee', 'two tests failed'],
      ['main', 'beef', 'two tests failed'],
    ]);
    for (const branch of ['main', 'a', 'b']) await gate.clear(clone.dir, branch);
    expect(existsSync(join(clone.dir, '.git/MERGE_BLOCKED'))).toBe(false);
    await gate.block(home, block('main', 'c0ffee'));
    expect(existsSync(join(home, 'MERGE_BLOCKED'))).toBe(false);
  });
});

describe('the hooks', () => {
  /** A program in the place of Baton that writes down what it was asked. */
  function installed(): { said: () => string } {
    const script = join(home, "it's.sh");
    const said = join(home, 'said');
    writeFileSync(script, `echo "$BATON_HOME $*" >> "${said}"; cat >> "${said}"\n`);
    const program = { node: '/bin/sh', script, home: join(home, "ann's home") };
    for (const name of ['pre-commit', 'pre-push'] as const) {
      writeFileSync(join(clone.dir, '.git/hooks', name), hookScript(name, program));
      chmodSync(join(clone.dir, '.git/hooks', name), 0o755);
    }
    return { said: () => (existsSync(said) ? readFileSync(said, 'utf8') : '') };
  }

  it('a commit queues exactly what it will hold, within a second, and a hook that was there before still counts', async () => {
    mkdirSync(join(clone.dir, '.git/hooks'), { recursive: true });
    const { said } = installed();
    clone.write({ 'a.ts': 'staged' });
    clone.git('add', '-A');
    clone.write({ 'a.ts': 'not staged' });
    const began = performance.now();
    clone.git('commit', '--quiet', '-m', 'one');
    expect(performance.now() - began).toBeLessThan(1_000);
    const queued = clone.git('rev-parse', 'refs/baton/queued');
    expect(clone.git('show', `${queued}:a.ts`)).toBe('staged');
    expect(clone.git('rev-parse', `${queued}^{tree}`)).toBe(clone.git('rev-parse', 'HEAD^{tree}'));
    await expect.poll(said).toContain(`ann's home hooks queue ${queued}`);
    writeFileSync(join(clone.dir, '.git/hooks/pre-commit.before-baton'), '#!/bin/sh\nexit 7\n');
    chmodSync(join(clone.dir, '.git/hooks/pre-commit.before-baton'), 0o755);
    clone.write({ 'a.ts': 'again' });
    expect(() => clone.git('commit', '--quiet', '-am', 'two')).toThrow();
  });

  it('a push of a blocked commit is refused without asking anybody; a commit that mends it goes through', async () => {
    mkdirSync(join(clone.dir, '.git/hooks'), { recursive: true });
    const bare = join(home, 'bare.git');
    execFileSync('git', ['init', '--bare', '--quiet', bare]);
    const bad = clone.commit({ 'a.ts': 'bad' });
    const { said } = installed();
    const gate = mergeGate(git);
    await gate.block(clone.dir, { branch: 'main', commit: bad, execution: 'wf_1', reason: '2 tests failed' });
    expect(() => clone.git('push', '--quiet', bare, 'main')).toThrow(/Baton blocks this push: main.*2 tests failed/s);
    clone.git('push', '--quiet', bare, 'main:feature/elsewhere');
    const good = clone.commit({ 'a.ts': 'good' });
    clone.git('push', '--quiet', bare, 'main');
    expect(said()).toContain(`refs/heads/main ${good}`);
  });
});
