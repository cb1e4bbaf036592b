import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { projectAccess } from '../../../adapters/process/project-access.js';
import type { ProjectAccess } from '../../../domain/framework.js';
import { PATH, testCage } from './cage-harness.js';

const cage = testCage();
let root: string;
let outside: string;
let project: ProjectAccess;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'baton-project-'));
  outside = mkdtempSync(join(tmpdir(), 'baton-outside-'));
  project = projectAccess(root, cage, { PATH, GREETING: 'hello' });
});
afterEach(() => {
  for (const dir of [root, outside]) rmSync(dir, { recursive: true });
});
afterAll(() => cage.close());

function write(path: string, text = 'x'): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

describe('files', () => {
  test('text is read; what is missing, too large or no file is undefined', async () => {
    write('a/b.txt', '\uFEFFwörd');
    write('big', 'x'.repeat(4 * 1024 * 1024 + 1));
    execFileSync('mkfifo', [join(root, 'pipe')]);
    const read = (path: string) => project.readText(path);
    expect([
      await read('a/b.txt'),
      await read('nope'),
      await read('a'),
      await read('big'),
      await read('pipe'),
      await read('a/b.txt/c'),
    ]).toEqual(['wörd', undefined, undefined, undefined, undefined, undefined]);
    expect([await project.exists('a'), await project.exists('a/b.txt'), await project.exists('nope')]).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('links inside the project are followed, out of it only where that is allowed', async () => {
    write('real.txt', 'inside');
    writeFileSync(join(outside, 'secret.txt'), 'outside');
    symlinkSync('real.txt', join(root, 'link.txt'));
    symlinkSync(join(outside, 'secret.txt'), join(root, 'leak.txt'));
    symlinkSync(outside, join(root, 'deps'));
    const seen = async (access: ProjectAccess) => [
      await access.readText('link.txt'),
      await access.readText('leak.txt'),
      await access.readText('deps/secret.txt'),
      await access.exists('deps'),
      await access.readText(`../${outside.split('/').pop()}/secret.txt`),
    ];
    expect(await seen(project)).toEqual(['inside', undefined, undefined, false, undefined]);
    const allowed = projectAccess(root, cage, { PATH }, { alsoInside: [outside] });
    expect((await seen(allowed)).slice(0, 4)).toEqual(['inside', 'outside', 'outside', true]);
    expect((await project.glob('.', ['**'])).map(({ path }) => path)).toEqual(['link.txt', 'real.txt']);
  });

  test('glob finds files below a folder, in order, and never enters what is not the project’s', async () => {
    for (const path of ['pkg/b.test.ts', 'pkg/a.test.ts', 'pkg/sub/c.test.ts', 'pkg/skip/d.test.ts', 'other/e.test.ts'])
      write(path);
    for (const dir of ['node_modules', '.git', '.venv', '__pycache__', 'target']) write(`pkg/${dir}/f.test.ts`);
    write('pkg/dist/g.test.ts', 'four');
    expect(await project.glob('pkg', ['**/*.test.ts'], ['skip/**'])).toEqual([
      { path: 'pkg/a.test.ts', bytes: 1 },
      { path: 'pkg/b.test.ts', bytes: 1 },
      { path: 'pkg/dist/g.test.ts', bytes: 4 },
      { path: 'pkg/sub/c.test.ts', bytes: 1 },
    ]);
    expect(await project.glob('pkg/target', ['*'])).toEqual([{ path: 'pkg/target/f.test.ts', bytes: 1 }]);
    expect(await project.glob('nowhere', ['**'])).toEqual([]);
  });
});

describe('commands', () => {
  test('standard output and error are apart; code, directory and environment are right', async () => {
    mkdirSync(join(root, 'sub'));
    const script = 'pwd -P; echo "$GREETING $NAME"; echo oops >&2; exit 3';
    const result = await project.exec('sh', ['-c', script], { dir: 'sub', env: { NAME: 'you' }, timeoutMs: 20_000 });
    expect(result).toEqual({ code: 3, stdout: `${root}/sub\nhello you\n`, stderr: 'oops\n' });
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith(`baton-tmp-${process.pid}.`))).toEqual([]);
  });

  test('nothing passes through a shell', async () => {
    const result = await project.exec('echo', ['$HOME', ';', 'ls', '*'], { dir: '.', timeoutMs: 20_000 });
    expect(result).toEqual({ code: 0, stdout: '$HOME ; ls *\n', stderr: '' });
  });

  test('10 MB of output come back whole', async () => {
    const result = await project.exec('sh', ['-c', 'yes 0123456789abcde | head -c 10000000'], {
      dir: '.',
      timeoutMs: 20_000,
    });
    expect([result.code, result.stdout.length]).toEqual([0, 10_000_000]);
  });

  test('a missing tool is named with what to do; so is one that prints without end', async () => {
    await expect(project.exec('no-such-tool', [], { dir: '.', timeoutMs: 1_000 })).rejects.toMatchObject({
      problem: 'ToolMissing',
      message: `no-such-tool could not be started: ENOENT: no-such-tool was not found in PATH (${PATH}). Install it, or name it with \`command\` in the suite's configuration.`,
    });
    await expect(project.exec('true', [], { dir: 'gone', timeoutMs: 1_000 })).rejects.toMatchObject({
      problem: 'ConfigInvalid',
    });
    await expect(project.exec('yes', [], { dir: '.', timeoutMs: 20_000 })).rejects.toMatchObject({
      problem: 'DiscoveryFailed',
    });
  });

  test('a command that takes too long is ended, and that is said', async () => {
    const result = await project.exec('sleep', ['100'], { dir: '.', timeoutMs: 300 });
    expect(result).toEqual({ code: null, stdout: '', stderr: '\n[baton] ended after 300 ms: it took too long\n' });
  });
});
