import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { cargoAdapter } from '../../../adapters/frameworks/cargo.js';
import { failureOf } from '../../../adapters/frameworks/cargo/failure.js';
import { LibtestSection } from '../../../adapters/frameworks/cargo/libtest.js';
import { CargoReader } from '../../../adapters/frameworks/cargo/reader.js';
import { TestEvent } from '../../../domain/test-event.schema.js';
import { FIXTURES } from './polyglot.js';

const recorded = (name: string): string => readFileSync(join(FIXTURES, 'cargo/recorded', name), 'utf8');

function read(text: string): { section: LibtestSection; results: Record<string, string> } {
  const section = new LibtestSection();
  const results = [...text.split('\n').flatMap((line) => section.line(line)), ...section.rest()];
  return { section, results: Object.fromEntries(results.map((r) => [r.name, r.status])) };
}

const LIB = {
  'inner::tests::deeper::fails_in_another_file': 'failed',
  'inner::tests::passes': 'passed',
  'tests::differs': 'failed',
  'tests::does_not_panic': 'failed',
  'tests::ignored': 'skipped',
  'tests::ignored_with_reason': 'skipped',
  'tests::panics_as_expected': 'passed',
  'tests::panics_otherwise': 'failed',
  'tests::passes': 'passed',
  'tests::prints_bytes_past_the_capture': 'passed',
  'tests::returns_an_error': 'failed',
};

describe('the output of a test program', () => {
  it('is read with several threads and with one, glued and torn lines included', () => {
    for (const name of ['lib.txt', 'single-thread.txt']) {
      const { section, results } = read(recorded(name));
      expect([name, results]).toEqual([name, LIB]);
      expect([section.complete, section.problem]).toEqual([true, undefined]);
    }
  });

  it('is read over several sections: doc tests of one package', () => {
    const { section, results } = read(recorded('doc.txt'));
    expect(Object.values(results).sort()).toEqual([
      'failed',
      'passed',
      'passed',
      'passed',
      'passed',
      'passed',
      'passed',
      'skipped',
    ]);
    expect(section.complete).toBe(true);
  });

  it('is not complete without its summary, and keeps what had ended', () => {
    const { section, results } = read(recorded('aborted.txt'));
    expect(results).toEqual({ a_first: 'passed' });
    expect([section.begun, section.complete]).toEqual([true, false]);
    const lines = recorded('lib.txt').split('\n');
    for (let cut = 0; cut < lines.length; cut++) {
      const half = read(lines.slice(0, cut).join('\n'));
      for (const [name, status] of Object.entries(half.results))
        expect([name, status]).toEqual([name, LIB[name as keyof typeof LIB]]);
    }
  });

  it('says so when the counts do not agree with the lines', () => {
    const forged = recorded('lib.txt').replace(
      'test tests::ignored ... ignored\n',
      'test tests::ignored ... ignored\ntest invented ... ok\n',
    );
    expect(read(forged).section.problem).toMatch(/^the summary counts 4 passed/);
    const lost = recorded('lib.txt').replace('test tests::passes ... ok\n', '');
    expect(read(lost).section.problem).toMatch(/the lines above it 3/);
  });

  it('reads times and benchmarks', () => {
    const section = new LibtestSection();
    const lines = [
      'running 3 tests',
      'test a ... ok <0.250s>',
      'test b ... FAILED <1.5s>',
      'test c ... bench:          10 ns/iter (+/- 1)',
      'test result: FAILED. 1 passed; 1 failed; 0 ignored; 1 measured; 0 filtered out',
    ];
    expect(lines.flatMap((l) => section.line(l))).toEqual([
      { name: 'a', status: 'passed', ms: 250 },
      { name: 'c', status: 'passed' },
      { name: 'b', status: 'failed', ms: 1500 },
    ]);
    expect(section.problem).toBeUndefined();
  });
});

describe('a failed test', () => {
  it('is understood in the words of today', () => {
    const output =
      "hello\n\nthread 'tests::x' (12) panicked at src/lib.rs:29:68:\nassertion failed\n  left: 1\n right: 2\nstack backtrace:\n   0: main\nnote: Some details are omitted";
    expect(failureOf(output, 'src/lib.rs')).toEqual({
      message: 'assertion failed\n  left: 1\n right: 2\npanicked at src/lib.rs:29:68',
      stack: output.slice(output.indexOf('thread')),
      line: 29,
      column: 68,
      stdout: 'hello',
    });
  });

  it('is understood in the words of Rust before 1.73', () => {
    const output =
      "before\nthread 'tests::old' panicked at 'assertion failed: `(left == right)`\n  left: `1`,\n right: `2`', app/src/lib.rs:7:9\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace";
    expect(failureOf(output, 'src/lib.rs')).toEqual({
      message: 'assertion failed: `(left == right)`\n  left: `1`,\n right: `2`\npanicked at app/src/lib.rs:7:9',
      line: 7,
      column: 9,
      stdout: 'before',
    });
  });

  it('without words has a message all the same', () => {
    expect(failureOf(undefined, 'src/lib.rs').message).toContain('printed nothing');
    expect(failureOf('Error: "bad"', 'src/lib.rs')).toEqual({ message: 'Error: "bad"' });
  });
});

interface Unit {
  readonly file: string;
  readonly harness: boolean;
}
type Sorted = Readonly<Record<string, unknown>>;

describe('the targets of cargo test', () => {
  let sortArgs: (args: string[]) => Sorted;
  let testTargets: (metadata: unknown, dir: string, sorted: Sorted, manifests: Record<string, string>) => Unit[];
  beforeAll(async () => {
    // Plain JavaScript that runs beside cargo; the compiler does not look at it.
    const path = join(import.meta.dirname, '../../../adapters/frameworks/reporters/cargo-targets.mjs');
    ({ sortArgs, testTargets } = (await import(path)) as {
      sortArgs: typeof sortArgs;
      testTargets: typeof testTargets;
    });
  });
  const files = (metadata: string, dir: string, ...args: string[]): string[] =>
    testTargets(JSON.parse(recorded(metadata)), dir, sortArgs(args), {}).map((t) => t.file);

  it('sorts arguments', () => {
    expect(
      sortArgs([
        '--release',
        '-p',
        'a',
        '--exclude=b',
        '--all',
        '--lib',
        '--test',
        'it',
        '--features',
        'x',
        '--no-fail-fast',
        '--',
        '--nocapture',
      ]),
    ).toEqual({
      cargo: ['--release', '--features', 'x'],
      choice: ['-p', 'a', '--exclude', 'b', '--workspace'],
      filters: [['--lib'], ['--test', 'it']],
      program: ['--nocapture'],
    });
  });

  it('follow default members, packages and filters', () => {
    const workspace = (...args: string[]): string[] => files('workspace-metadata.json', '/src/workspace', ...args);
    expect(workspace()).toEqual([
      'app/src/lib.rs',
      'doc:app',
      'app/tests/it.rs',
      'lib/src/lib.rs',
      'doc:lib',
      'lib/tests/it.rs',
    ]);
    expect(workspace('-p', 'lib@0.1.0')).toEqual(['lib/src/lib.rs', 'doc:lib', 'lib/tests/it.rs']);
    expect(workspace('--workspace', '--exclude', 'l*')).toEqual(['app/src/lib.rs', 'doc:app', 'app/tests/it.rs']);
    expect(workspace('--test', 'it')).toEqual(['app/tests/it.rs', 'lib/tests/it.rs']);
    expect(files('workspace-metadata.json', '/src/workspace/lib')).toEqual(['src/lib.rs', 'doc:lib', 'tests/it.rs']);
  });

  it('follow features and harness', () => {
    const odd = (...args: string[]): string[] => files('metadata.json', '/src/odd', ...args);
    expect(odd()).toContain('tests/needs_on.rs');
    expect(odd()).not.toContain('tests/needs_off.rs');
    expect(odd('--all-features')).toContain('tests/needs_off.rs');
    expect(odd('--features=off', '--no-default-features')).not.toContain('tests/needs_on.rs');
    expect(odd()).not.toContain('tests/switched_off.rs');
    const manifest = readFileSync(join(FIXTURES, 'cargo/odd/Cargo.toml'), 'utf8');
    const units = testTargets(JSON.parse(recorded('metadata.json')), '/src/odd', sortArgs([]), {
      '/src/odd/Cargo.toml': manifest,
    });
    expect(units.filter((u) => !u.harness).map((u) => u.file)).toEqual(['tests/own_main.rs']);
  });
});

describe('the lines of the driver', () => {
  const lines = (events: object[]): string[] => events.map((e) => JSON.stringify(e));
  const out = (file: string, text: string): object[] =>
    text.split('\n').map((line) => ({ c: 'out', file, text: line }));

  it('become events that fit the protocol', async () => {
    const reader = new CargoReader();
    const input = lines([
      { c: 'start' },
      { c: 'file', file: 'src/lib.rs' },
      { c: 'begin', file: 'src/lib.rs', name: 'odd', harness: true, doc: false },
      ...out('src/lib.rs', recorded('lib.txt')),
      { c: 'exit', file: 'src/lib.rs', code: 101, signal: null, ms: 12, stderr: '' },
      { c: 'file-end', file: 'src/lib.rs' },
      { c: 'done' },
    ]);
    const events = [
      ...['no event', '{"c":'].flatMap((l) => reader.line(l)),
      ...input.flatMap((l) => reader.line(l)),
      ...(await reader.end()),
    ];
    for (const event of events) expect(TestEvent.parse(event)).toEqual(event);
    expect(events.at(-2)).toEqual({ e: 'file-end', file: 'src/lib.rs', status: 'failed', tests: 11, ms: 12 });
    expect(events.at(-1)).toEqual({ e: 'end' });
  });

  it('a batch that is cut off keeps failed tests whose text had not come', async () => {
    const reader = new CargoReader();
    const input = lines([
      { c: 'start' },
      { c: 'file', file: 'src/lib.rs' },
      { c: 'begin', file: 'src/lib.rs', name: 'odd', harness: true, doc: false },
      ...out('src/lib.rs', 'running 2 tests\ntest a ... FAILED'),
    ]);
    const events = [...input.flatMap((l) => reader.line(l)), ...(await reader.end())];
    expect(events.at(-1)).toMatchObject({ e: 'test', path: ['a'], status: 'failed' });
    expect(events.some((e) => e.e === 'file-end' || e.e === 'end')).toBe(false);
  });

  it('knows what the exit code means', () => {
    expect([0, 101, 1, 134].map(cargoAdapter.exitMeaning)).toEqual(['green', 'red', 'broken', 'broken']);
  });
});
