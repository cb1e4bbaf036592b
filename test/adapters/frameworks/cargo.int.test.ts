import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cargoAdapter } from '../../../adapters/frameworks/cargo.js';
import {
  copyOf,
  exec,
  localProject,
  type Ran,
  remove,
  runAdapter,
  statuses,
  suiteOf,
  writeProject,
} from './polyglot.js';

/** Counts of libtest's own lines, target by target, doc tests included. */
function nativeTotals(stdout: string): Ran['totals'] {
  const count = (word: string): number =>
    (stdout.match(new RegExp(`test [^\\n]* \\.\\.\\. ${word}(?:, [^\\n]*)?\\n`, 'g')) ?? []).length;
  return { passed: count('ok'), failed: count('FAILED'), skipped: count('ignored') };
}

const FILES = [
  'src/lib.rs',
  'doc:odd',
  'src/main.rs',
  'src/bin/second.rs',
  'tests/aborts.rs',
  'tests/big/main.rs',
  'tests/empty.rs',
  'tests/exits.rs',
  'tests/needs_on.rs',
  'tests/overflows.rs',
  'tests/own_main.rs',
  'tests/unbuilt.rs',
];

describe('cargo test on a package with odd cases', () => {
  let root: string;
  let ran: Ran;
  beforeAll(async () => {
    root = await copyOf('cargo/odd');
    await cargoAdapter.prepare!(suiteOf('cargo'), localProject(root), 2);
    ran = await runAdapter(cargoAdapter, root, { files: FILES });
  }, 300_000);
  afterAll(() => remove(root));

  it('is detected, and discovers the targets that cargo test would run', async () => {
    expect(await cargoAdapter.detect(localProject(root))).toEqual([
      { config: { name: 'cargo', framework: 'cargo', dir: '.' }, because: 'Cargo.toml' },
    ]);
    const files = async (change: object) =>
      (await cargoAdapter.discover(suiteOf('cargo', change), localProject(root))).map((f) => f.file);
    expect((await files({})).sort()).toEqual([...FILES].sort());
    expect(await files({ args: ['--lib', '--test=needs_off', '--features', 'off', '--', '--nocapture'] })).toEqual([
      'src/lib.rs',
      'tests/needs_off.rs',
    ]);
    expect(await files({ args: ['--no-default-features', '--tests'] })).not.toContain('tests/needs_on.rs');
    expect(await files({ args: ['--doc'] })).toEqual(['doc:odd']);
    expect(await files({ include: ['tests/{a,b}*'] })).toEqual(['tests/aborts.rs']);
    expect(await files({ exclude: ['tests/**', 'src/bin/**'] })).toEqual(['src/lib.rs', 'doc:odd', 'src/main.rs']);
  });

  it('says of every test what became of it', () => {
    expect(statuses(ran.rows)).toEqual({
      'src/lib.rs › inner › tests › passes': 'passed',
      'src/lib.rs › inner › tests › deeper › fails_in_another_file': 'failed',
      'src/lib.rs › tests › passes': 'passed',
      'src/lib.rs › tests › differs': 'failed',
      'src/lib.rs › tests › ignored_with_reason': 'skipped',
      'src/lib.rs › tests › ignored': 'skipped',
      'src/lib.rs › tests › panics_as_expected': 'passed',
      'src/lib.rs › tests › does_not_panic': 'failed',
      'src/lib.rs › tests › panics_otherwise': 'failed',
      'src/lib.rs › tests › returns_an_error': 'failed',
      'src/lib.rs › tests › prints_bytes_past_the_capture': 'passed',
      'doc:odd › src/lib.rs › (file)': 'passed',
      'doc:odd › src/inner.rs › inner::two': 'passed',
      'doc:odd › src/lib.rs › add': 'passed',
      'doc:odd › src/lib.rs › add [#2]': 'failed',
      'doc:odd › src/lib.rs › add [#3]': 'passed',
      'doc:odd › src/lib.rs › add [#4]': 'skipped',
      'doc:odd › src/lib.rs › add [#5]': 'passed',
      'doc:odd › src/lib.rs › add [#6]': 'passed',
      'src/main.rs › in_main': 'passed',
      'src/bin/second.rs › in_second_program': 'passed',
      'tests/aborts.rs › a_first': 'passed',
      'tests/aborts.rs › (file)': 'failed',
      'tests/big/main.rs › runs_where_cargo_runs_it': 'passed',
      'tests/big/main.rs › prints_much': 'failed',
      'tests/exits.rs › (file)': 'failed',
      'tests/needs_on.rs › with_on': 'passed',
      'tests/overflows.rs › (file)': 'failed',
      'tests/own_main.rs › own_main': 'failed',
      'tests/unbuilt.rs › (file)': 'failed',
    });
    expect(ran.judged.outcome).toBe('failed');
    expect([...ran.observed.filesEnded].sort()).toEqual([...FILES].sort());
  });

  it('keeps message, place, stack and output of each result', () => {
    const row = (name: string) => ran.rows.find((r) => r.path.at(-1) === name)!;
    const file = (name: string) => ran.rows.find((r) => r.kind === 'file' && r.file === name)!;
    expect(row('differs')).toMatchObject({
      message: 'assertion `left == right` failed: numbers\n  left: 2\n right: 3\npanicked at src/lib.rs:49:9',
      line: 49,
      column: 9,
      stdout: 'hello\nred',
    });
    expect(row('fails_in_another_file')).toMatchObject({
      message: 'first line\nsecond line\npanicked at src/inner.rs:13:13',
      line: null,
    });
    expect(row('does_not_panic').message).toMatch(/^note: test did not panic as expected/);
    expect(row('panics_otherwise').message).toMatch(
      /^bar\nnote: panic did not contain expected string\n +panic message: "bar"/,
    );
    expect(row('returns_an_error').message).toBe('Error: "bad thing"');
    expect(row('ignored_with_reason').note).toBe('takes a day');
    expect(row('prints_much')).toMatchObject({
      message: expect.stringMatching(/^after much output\npanicked at tests\/big\/main.rs:16:5$/),
    });
    expect(row('prints_much').stdout).toMatch(/^line 0\n[\s\S]*characters cut/);
    expect(ran.rows.find((r) => r.params === '#2')).toMatchObject({
      line: 11,
      message: expect.stringContaining('right: 4'),
    });
    expect(row('own_main')).toMatchObject({
      message: 'ended with exit code 3\nown main is not content',
      stdout: 'arguments: []',
    });
    expect(file('tests/aborts.rs').message).toMatch(/^The test program ended before its summary \(SIGABRT\)/);
    expect(file('tests/exits.rs').message).toMatch(/^The test program ended before its summary \(exit code 0\)/);
    expect(file('tests/overflows.rs').message).toContain('has overflowed its stack');
    expect(file('tests/unbuilt.rs').message).toContain('cannot find function `no_such_function`');
  });

  it('counts as cargo does', async () => {
    const copy = await copyOf('cargo/odd');
    // Cargo itself runs nothing at all while one target does not compile.
    await rm(join(copy, 'tests/unbuilt.rs'));
    const native = await exec('cargo', ['test', '--no-fail-fast'], copy);
    const files = FILES.filter((f) => f !== 'tests/unbuilt.rs');
    const same = await runAdapter(cargoAdapter, copy, { files });
    const ownMain = { passed: 0, failed: 1, skipped: 0 };
    const expected = nativeTotals(native.stdout);
    expect(same.totals).toEqual({ ...expected, failed: expected.failed + ownMain.failed });
    expect(same.exit.code).toBe(native.code);
    expect(same.totals).toEqual(ran.totals);
    await remove(copy);
  });

  it('runs only the tests it is asked for, and doc tests of a package as a whole', async () => {
    const again = await runAdapter(cargoAdapter, root, {
      files: ['src/lib.rs', 'tests/own_main.rs'],
      tests: [
        ['tests', 'passes'],
        ['inner', 'tests', 'passes'],
      ],
    });
    expect(statuses(again.rows)).toEqual({
      'src/lib.rs › inner › tests › passes': 'passed',
      'src/lib.rs › tests › passes': 'passed',
      'tests/own_main.rs › own_main': 'failed',
    });
  });

  it('bails after the first red target', async () => {
    const bailed = await runAdapter(cargoAdapter, root, { files: ['tests/own_main.rs', 'src/main.rs'], bail: true });
    expect(statuses(bailed.rows)).toEqual({ 'tests/own_main.rs › own_main': 'failed' });
    expect(bailed.judged.outcome).toBe('failed');
  });

  it('two batches at one time do not disturb each other', async () => {
    expect(await cargoAdapter.sideBySide(suiteOf('cargo'), localProject(root))).toBe('safe');
    const [a, b] = await Promise.all([
      runAdapter(cargoAdapter, root, { files: ['src/lib.rs', 'src/main.rs'] }),
      runAdapter(cargoAdapter, root, { files: ['tests/big/main.rs', 'src/bin/second.rs'] }),
    ]);
    expect([a.totals, b.totals]).toEqual([
      { passed: 5, failed: 5, skipped: 2 },
      { passed: 2, failed: 1, skipped: 0 },
    ]);
  });

  it('keeps what had finished when it is killed', async () => {
    const killed = await runAdapter(cargoAdapter, root, {
      files: ['src/main.rs', 'tests/aborts.rs'],
      killWhen: (events) => events.some((e) => e.e === 'test' && e.path[0] === 'a_first'),
    });
    expect(statuses(killed.rows)).toEqual({ 'src/main.rs › in_main': 'passed', 'tests/aborts.rs › a_first': 'passed' });
    expect([...killed.observed.filesEnded]).toEqual(['src/main.rs']);
    expect(killed.judged.outcome).toBe('error_runner_crashed');
  });

  it('a test that calls exit(0) makes its target red, though cargo calls it green', async () => {
    const exits = await runAdapter(cargoAdapter, root, { files: ['tests/exits.rs'] });
    expect([exits.exit.code, exits.judged.outcome]).toEqual([101, 'failed']);
  });

  it('a target that is gone is red', async () => {
    const gone = await runAdapter(cargoAdapter, root, { files: ['tests/nowhere.rs', 'src/main.rs'] });
    expect(statuses(gone.rows)).toEqual({ 'tests/nowhere.rs › (file)': 'failed', 'src/main.rs › in_main': 'passed' });
  });

  it('says which cargo it runs', async () => {
    expect(await cargoAdapter.version(suiteOf('cargo'), localProject(root))).toMatch(
      /^cargo 1\.\d+.* \(cargo on PATH\)$/,
    );
  });
});

describe('cargo test elsewhere', () => {
  it('runs a workspace as it is built together at its root', async () => {
    const root = await copyOf('cargo/workspace');
    const suite = suiteOf('cargo');
    await cargoAdapter.prepare!(suite, localProject(root), 2);
    const files = (await cargoAdapter.discover(suite, localProject(root))).map((f) => f.file);
    expect(files).toEqual([
      'app/src/lib.rs',
      'doc:app',
      'app/tests/it.rs',
      'lib/src/lib.rs',
      'doc:lib',
      'lib/tests/it.rs',
    ]);
    const native = await exec('cargo', ['test', '--no-fail-fast'], root);
    const ran = await runAdapter(cargoAdapter, root, { files: files.filter((f) => f !== 'doc:lib') });
    expect(ran.judged).toEqual({ outcome: 'passed', message: '5 passed or skipped.' });
    expect(nativeTotals(native.stdout)).toEqual({ passed: 6, failed: 0, skipped: 0 });
    // One target of one package: the feature that only `app` asks for must still be there.
    const one = await runAdapter(cargoAdapter, root, { files: ['lib/tests/it.rs'] });
    expect(statuses(one.rows)).toEqual({ 'lib/tests/it.rs › lib_integration': 'passed' });
    const member = suiteOf('cargo', { dir: 'lib', args: ['--features', 'extra'] });
    expect((await cargoAdapter.discover(member, localProject(root))).map((f) => f.file)).toEqual([
      'src/lib.rs',
      'doc:lib',
      'tests/it.rs',
    ]);
    expect((await runAdapter(cargoAdapter, root, { suite: member, files: ['doc:lib', 'tests/it.rs'] })).totals).toEqual(
      { passed: 2, failed: 0, skipped: 0 },
    );
    await remove(root);
  });

  it('reads the output of a single test thread, where a name comes before its status', async () => {
    const root = await writeProject({
      'Cargo.toml': '[package]\nname = "one"\nversion = "0.1.0"\nedition = "2021"\n',
      'src/lib.rs':
        'use std::io::Write;\n#[test] fn a() { std::io::stdout().write_all(b"half a line\\n").unwrap(); }\n#[test] fn b() { std::io::stdout().write_all(b"torn ").unwrap(); panic!("b fails"); }\n#[test] fn c() {}\n',
    });
    const ran = await runAdapter(cargoAdapter, root, {
      suite: suiteOf('cargo', { args: ['--', '--test-threads=1'] }),
      files: ['src/lib.rs'],
    });
    expect(statuses(ran.rows)).toEqual({
      'src/lib.rs › a': 'passed',
      'src/lib.rs › b': 'failed',
      'src/lib.rs › c': 'passed',
    });
    expect(ran.rows.find((r) => r.path[0] === 'b')!.message).toMatch(/^b fails\n/);
    expect(ran.judged.outcome).toBe('failed');
    await remove(root);
  });

  it('does not trust results that tests have forged', async () => {
    const root = await writeProject({
      'Cargo.toml': '[package]\nname = "one"\nversion = "0.1.0"\nedition = "2021"\n',
      'src/lib.rs':
        'use std::io::Write;\n#[test] fn a() { std::io::stdout().write_all(b"\\ntest invented ... ok\\n").unwrap(); }\n',
    });
    const ran = await runAdapter(cargoAdapter, root, { files: ['src/lib.rs'] });
    expect(ran.rows.find((r) => r.kind === 'file')!.message).toMatch(
      /^The results cannot be trusted: the summary counts 1 passed/,
    );
    expect(ran.judged.outcome).not.toBe('passed');
    await remove(root);
  });

  it('says what to do when cargo is missing or the manifest is wrong', async () => {
    const root = await writeProject({ 'Cargo.toml': 'nonsense\n' });
    const discover = (change: object) => cargoAdapter.discover(suiteOf('cargo', change), localProject(root));
    await expect(discover({ command: ['no-such-cargo', 'test'] })).rejects.toMatchObject({
      problem: 'ToolMissing',
      message: expect.stringContaining('rustup.rs'),
    });
    await expect(discover({})).rejects.toMatchObject({
      problem: 'DiscoveryFailed',
      message: expect.stringContaining('Cargo.toml'),
    });
    await expect(cargoAdapter.prepare!(suiteOf('cargo'), localProject(root), 1)).rejects.toMatchObject({
      problem: 'SetupFailed',
    });
    await remove(root);
  });
});
