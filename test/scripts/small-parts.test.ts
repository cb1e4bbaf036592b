import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBoard } from '../../scripts/lib/board.mjs';
import { isBuilt, sourceMark } from '../../scripts/lib/build-check.mjs';
import { isInstalled } from '../../scripts/lib/install.mjs';
import { withLock } from '../../scripts/lib/lock.mjs';
import { nodeProblem } from '../../scripts/lib/node-version.mjs';
import { cacheDir } from '../../scripts/lib/places.mjs';
import { runCommand } from '../../scripts/lib/run-command.mjs';
import { resultLine } from '../../scripts/lib/test-run.mjs';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'baton-scripts-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

describe('Node', () => {
  it.each(['20.19.0', '20.20.2', '22.12.0', '22.23.3', '24.0.0', '26.1.0'])('%s is new enough', (version) =>
    expect(nodeProblem(version)).toBeNull(),
  );
  it.each(['18.20.0', '20.18.3', '21.7.0', '22.11.0'])('%s is refused with what to do', (version) => {
    expect(nodeProblem(version)).toBe(
      `Baton needs Node 20.19 or later of Node 20, or 22.12 and later; this is Node ${version}. Install a current release from https://nodejs.org and start again.`,
    );
  });
});

describe('packages', () => {
  const lock = (version: string) =>
    JSON.stringify({
      packages: {
        '': {},
        'node_modules/a': { version },
        'node_modules/other-platform': { version: '1.0.0', optional: true },
      },
    });
  beforeEach(() => writeFileSync(join(dir, 'package-lock.json'), lock('1.0.0')));
  const installed = (version: string) => {
    mkdirSync(join(dir, 'node_modules'), { recursive: true });
    writeFileSync(
      join(dir, 'node_modules', '.package-lock.json'),
      JSON.stringify({ packages: { 'node_modules/a': { version } } }),
    );
  };

  it('are missing in a fresh clone', () => expect(isInstalled(dir)).toBe(false));
  it('are missing when npm was killed half-way', () => {
    mkdirSync(join(dir, 'node_modules', 'a'), { recursive: true });
    expect(isInstalled(dir)).toBe(false);
  });
  it('count when somebody ran npm by hand and the versions agree', () => {
    installed('1.0.0');
    expect(isInstalled(dir)).toBe(true);
  });
  it('do not count when npm has installed other versions', () => {
    installed('0.9.0');
    expect(isInstalled(dir)).toBe(false);
  });
  it('are old after the lock file has changed', () => {
    installed('1.0.0');
    expect(isInstalled(dir)).toBe(true);
    writeFileSync(join(dir, 'package-lock.json'), lock('1.0.1'));
    expect(isInstalled(dir)).toBe(false);
  });
});

describe('the build', () => {
  beforeEach(() => {
    mkdirSync(join(dir, 'src'));
    mkdirSync(join(dir, 'dist'));
    writeFileSync(join(dir, 'tsconfig.json'), '{"include":["src/**/*.ts","missing","one.ts"]}');
    writeFileSync(join(dir, 'src', 'a.ts'), 'export {};');
  });
  const stamp = () => writeFileSync(join(dir, 'dist', '.baton-build'), sourceMark(dir));

  it('is missing, then current, then old after an edit, an added and a removed file', () => {
    expect(isBuilt(dir)).toBe(false);
    stamp();
    expect(isBuilt(dir)).toBe(true);
    utimesSync(join(dir, 'src', 'a.ts'), 1, 1);
    expect(isBuilt(dir)).toBe(false);
    stamp();
    writeFileSync(join(dir, 'one.ts'), '');
    expect(isBuilt(dir)).toBe(false);
    stamp();
    writeFileSync(join(dir, 'src', 'b.ts'), '');
    expect(isBuilt(dir)).toBe(false);
    stamp();
    rmSync(join(dir, 'src', 'b.ts'));
    expect(isBuilt(dir)).toBe(false);
  });
});

describe('a lock', () => {
  it('lets one in at a time', async () => {
    const file = join(dir, 'lock');
    let inside = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 20));
      inside -= 1;
    };
    await Promise.all([1, 2, 3].map(() => withLock(file, { timeoutMs: 5_000 }, work)));
    expect(most).toBe(1);
  });
  it('is taken over from a dead process, not from a living one', async () => {
    const file = join(dir, 'lock');
    // Pid 1 is alive, but it did not begin at that tick: the pid was given out again.
    writeFileSync(file, '1 999999999999');
    expect(await withLock(file, { timeoutMs: 1_000 }, async () => 'in')).toBe('in');
    writeFileSync(file, `${process.pid} `);
    await expect(withLock(file, { timeoutMs: 150 }, async () => 'in')).rejects.toThrow(
      `${file} is held by another process`,
    );
  });
});

describe('the last line of npm test', () => {
  const report = (passed: number, failed: number, files: { name: string; status: string; tests: string[] }[] = []) =>
    JSON.stringify({
      numPassedTests: passed,
      numFailedTests: failed,
      testResults: files.map(({ name, status, tests }) => ({
        name,
        status,
        assertionResults: tests.map((each) => ({
          status: each,
          fullName: 'adds',
          failureMessages: ['not 3\n  at a.ts:1'],
        })),
      })),
    });
  it.each([
    ['all green', report(12, 0), 0, { line: '12 passed, 0 failed', notes: [] }],
    [
      'red',
      report(11, 1, [{ name: 'a', status: 'failed', tests: ['failed', 'passed'] }]),
      1,
      { line: '11 passed, 1 failed', notes: ['Failed: a > adds: not 3'] },
    ],
    [
      'a file that does not load',
      report(3, 0, [{ name: '/x/b.test.ts', status: 'failed', tests: [] }]),
      1,
      { line: '3 passed, 1 failed', notes: ['/x/b.test.ts failed as a file; counted as 1 failed.'] },
    ],
    [
      'green tests, red exit',
      report(3, 0),
      1,
      {
        line: '3 passed, 1 failed',
        notes: ['Vitest ended with exit code 1 though no test failed (see above); counted as 1 failed.'],
      },
    ],
    [
      'no report',
      null,
      137,
      {
        line: '0 passed, 1 failed',
        notes: ['Vitest ended with exit code 137 and left no report; counted as 1 failed.'],
      },
    ],
    [
      'half a report',
      '{"numPassed',
      1,
      { line: '0 passed, 1 failed', notes: ['Vitest ended with exit code 1 and left no report; counted as 1 failed.'] },
    ],
  ])('%s', (_case, json, code, expected) => expect(resultLine(json, code)).toEqual(expected));
});

describe('progress', () => {
  it('is plain lines where nobody watches: begin, every ten seconds, end', async () => {
    let clock = 0;
    const lines: string[] = [];
    const board = createBoard({ write: (text) => lines.push(text) }, () => clock);
    const quick = board.line('quick');
    quick.done();
    const slow = board.line('packages');
    slow.update('npm ci');
    const tick = async (ms: number) => {
      clock += ms;
      await new Promise((resolve) => setTimeout(resolve, 350));
    };
    await tick(400);
    await tick(5_000);
    await tick(6_000);
    slow.done();
    expect(lines).toEqual([
      '… packages             0 s  npm ci\n',
      '… packages            11 s  npm ci\n',
      '✓ packages          11.4 s\n',
    ]);
  });
  it('is redrawn in place on a terminal, never wider than it', () => {
    const writes: string[] = [];
    const board = createBoard({ write: (text) => writes.push(text), isTTY: true, columns: 40 }, () => 0);
    board.line('Temporal server').fail('x'.repeat(100));
    expect(writes).toEqual([`\u001b[2K✗ Temporal server    0.0 s  ${'x'.repeat(11)}\n\u001b[J`]);
  });
});

describe('running a program', () => {
  it('ends the whole group when the time is up', async () => {
    const result = await runCommand('sh', ['-c', 'sleep 60 & wait'], { timeoutMs: 100 });
    expect(result).toMatchObject({ code: null, problem: 'took longer than 0.1 s' });
  });
  it('says in one phrase why a program could not be started', async () => {
    expect(await runCommand('no-such-program-here', [], { timeoutMs: 1_000 })).toEqual({
      code: null,
      stdout: '',
      stderr: '',
      problem: 'no-such-program-here was not found',
    });
  });
});

it('the cache is where the environment says', () => {
  expect(cacheDir({ BATON_CACHE: '/c' })).toBe('/c');
  expect(cacheDir({ XDG_CACHE_HOME: '/x' })).toBe('/x/baton');
});
