import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandAdapter } from '../../../adapters/frameworks/command.js';
import { Attribution } from '../../../adapters/frameworks/command/attribution.js';
import { findFiles } from '../../../adapters/frameworks/reports/find-files.js';
import { globMatches } from '../../../adapters/frameworks/reports/glob.js';
import type { ReportCase } from '../../../adapters/frameworks/reports/report.js';
import type { CommandRequest } from '../../../domain/framework.js';
import { localProject, suiteOf } from './polyglot.js';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'baton-command-'));
});
afterAll(() => rmSync(root, { recursive: true }));

const one = (change: Partial<ReportCase>): ReportCase => ({
  suites: [],
  name: 't',
  status: 'passed',
  tries: 1,
  ...change,
});

describe('a suite of framework command', () => {
  const discover = (change: object) => commandAdapter.discover(suiteOf('command', change), localProject(root));
  const report = { format: 'junit' as const };

  it('is one file named . when the command takes no files', async () => {
    expect(await discover({ command: ['make', 'test'], report })).toEqual([{ file: '.', bytes: 10_000 }]);
  });

  it.each([
    ['no command', { report }, /needs `command`/],
    ['no report', { command: ['make'] }, /needs `command`/],
    ['files nobody takes', { command: ['make'], report, include: ['*.c'] }, /has no \{files\}/],
    ['files nobody names', { command: ['make', '{files}'], report }, /`include` must say/],
    ['a report outside', { command: ['make'], report: { format: 'junit', path: '../r.xml' } }, /must stay inside/],
  ])('is refused with %s, in one sentence', async (_, change, words) => {
    await expect(discover(change)).rejects.toMatchObject({
      problem: 'ConfigInvalid',
      message: expect.stringMatching(words),
    });
  });

  it('fills in files and report, and nothing else', async () => {
    const scratchDir = mkdtempSync(join(root, 'scratch-'));
    const suite = suiteOf('command', {
      command: ['run', '--out={report}', '{files}', 'all: {files}', '$HOME'],
      args: ['-x'],
      report,
    });
    const request: CommandRequest = {
      suite,
      root,
      files: ['a b.js', '$&.js'],
      eventsFile: '',
      scratchDir,
      cores: 1,
      bail: false,
    };
    const own = join(scratchDir, 'baton-reports');
    expect(await commandAdapter.command(request)).toEqual({
      command: 'run',
      args: [`--out=${own}/report.xml`, 'a b.js', '$&.js', 'all: a b.js $&.js', '$HOME', '-x'],
      cwd: root,
      env: { BATON_REPORT_DIR: own },
      events: 'file',
    });
  });

  it('takes codes of shells and signals for a broken tool', () => {
    expect([0, 1, 2, 126, 127, 137].map((code) => commandAdapter.exitMeaning(code))).toEqual([
      'green',
      'red',
      'red',
      'broken',
      'broken',
      'broken',
    ]);
  });
});

describe('giving cases to files', () => {
  const files = ['tests/test_cart.py', 'tests/unit/test_cart.py', 'src/test/java/shop/CartTest.java', 'web/a.spec.ts'];
  it.each([
    [{ file: 'tests/test_cart.py' }, files[0]],
    [{ file: '/p/tests/unit/test_cart.py' }, files[1]],
    [{ file: './web\\a.spec.ts' }, files[3]],
    [{ file: '/ci/build/web/a.spec.ts' }, files[3]],
    [{ className: 'tests.unit.test_cart.TestAdd' }, files[1]],
    [{ className: 'shop.CartTest$Nested' }, files[2]],
    [{ className: 'web/a.spec.ts' }, files[3]],
    [{ suites: ['all', 'a.spec.ts', 'describe'] }, files[3]],
    [{ className: 'other.Thing' }, undefined],
    [{ file: 'elsewhere/test_cart.py' }, undefined],
    [{ file: 'test_cart.py' }, undefined],
  ])('%j', (change, file) => {
    expect(new Attribution('/p', files).fileOf(one(change as Partial<ReportCase>))).toBe(file);
  });

  it('gives everything to a single file, whose name is not repeated in the path', () => {
    const single = new Attribution('/p', ['a.js']);
    expect(single.fileOf(one({}))).toBe('a.js');
    expect(single.pathOf(one({ suites: ['a.js', 'outer', 'outer'], className: 'a.js' }), 'a.js')).toEqual([
      'outer',
      't',
    ]);
    const whole = new Attribution('/p', ['.']);
    expect(whole.pathOf(one({ file: '/p/b.js', suites: ['s'], className: 's', name: '' }), '.')).toEqual([
      'b.js',
      's',
      '(no name)',
    ]);
  });
});

describe('finding reports', () => {
  it.each([
    ['*.xml', 'a.xml', true],
    ['*.xml', 'a/b.xml', false],
    ['**/*.xml', 'a.xml', true],
    ['**/*.xml', 'a/b/c.xml', true],
    ['a/**/c.xml', 'a/c.xml', true],
    ['a/**', 'a/b/c', true],
    ['{a,b/{c,d}}/x?.xml', 'b/d/x1.xml', true],
    ['{a,b}/x?.xml', 'c/x1.xml', false],
    ['*', '.hidden', false],
    ['.*', '.hidden', true],
    ['a+(b)[c].xml', 'a+(b)[c].xml', true],
    [`${'*a'.repeat(50)}b`, 'a'.repeat(2000), false],
    [`${'**/a/'.repeat(30)}b`, 'a/'.repeat(500), false],
    ['{'.repeat(200), 'x', false],
    [`{${'a,'.repeat(50)}}`.repeat(20), 'x', false],
  ])('%s on %s', (glob, path, expected) => {
    expect(globMatches(glob, path)).toBe(expected);
  });

  it('walks only where the glob leads, and into no packages or links', async () => {
    for (const dir of ['out/deep/er', 'node_modules/x', 'away'])
      mkdirSync(join(root, 'tree', dir), { recursive: true });
    for (const file of ['out/a.xml', 'out/deep/er/b.xml', 'node_modules/x/c.xml', 'away/d.xml'])
      writeFileSync(join(root, 'tree', file), '');
    symlinkSync(join(root, 'tree/away'), join(root, 'tree/out/link'));
    expect(await findFiles(join(root, 'tree'), '**/*.xml')).toEqual(['away/d.xml', 'out/a.xml', 'out/deep/er/b.xml']);
    expect(await findFiles(join(root, 'tree'), './out/{a,deep/*/b}.xml')).toEqual(['out/a.xml', 'out/deep/er/b.xml']);
    expect(await findFiles(join(root, 'tree'), 'node_modules/x/*.xml')).toEqual(['node_modules/x/c.xml']);
    expect(await findFiles(join(root, 'tree'), 'missing/*.xml')).toEqual([]);
  });
});
