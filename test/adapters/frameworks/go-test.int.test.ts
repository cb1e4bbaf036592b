import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goTestAdapter } from '../../../adapters/frameworks/go-test.js';
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

const EVERYTHING = [
  '.',
  'pkg/broken',
  'pkg/exits',
  'pkg/mainfails',
  'pkg/names',
  'pkg/norun',
  'pkg/panics',
  'pkg/parallel',
  'pkg/syntax',
  'pkg/unbuilt',
  'pkg/vet',
];

describe('go test on a project with odd cases', () => {
  let root: string;
  let ran: Ran;
  beforeAll(async () => {
    root = await copyOf('go-test/odd');
    ran = await runAdapter(goTestAdapter, root, { files: EVERYTHING });
  });
  afterAll(() => remove(root));

  it('discovers every package with test files, broken ones included, and no other', async () => {
    const found = await goTestAdapter.discover(suiteOf('go-test'), localProject(root));
    expect(found.map((f) => f.file)).toEqual(EVERYTHING);
    expect(found.every((f) => f.bytes > 0)).toBe(true);
  });

  it('discovers by build tags, include and exclude', async () => {
    const discover = (change: object): Promise<{ file: string }[]> =>
      goTestAdapter.discover(suiteOf('go-test', change), localProject(root));
    expect((await discover({ args: ['-tags', 'special'] })).map((f) => f.file)).toContain('pkg/hidden');
    expect((await discover({ include: ['pkg/p*/**'] })).map((f) => f.file)).toEqual(['pkg/panics', 'pkg/parallel']);
    expect((await discover({ include: ['pkg/p*/**'], exclude: ['**/panics/**'] })).map((f) => f.file)).toEqual([
      'pkg/parallel',
    ]);
  });

  it('says of every test what became of it', () => {
    expect(statuses(ran.rows)).toEqual({
      '. › TestDouble': 'passed',
      '. › Example': 'passed',
      '. › Example_wrong': 'failed',
      'pkg/broken › (file)': 'failed',
      'pkg/exits › TestBefore': 'passed',
      'pkg/exits › TestExits': 'failed',
      'pkg/exits › (file)': 'failed',
      'pkg/mainfails › TestPasses': 'passed',
      'pkg/mainfails › (file)': 'failed',
      'pkg/names › TestSubtests': 'failed',
      'pkg/names › TestSubtests › with_space': 'passed',
      'pkg/names › TestSubtests › same': 'passed',
      'pkg/names › TestSubtests › same#01': 'failed',
      'pkg/names › TestSubtests › a › b': 'skipped',
      'pkg/names › TestSubtests › outer': 'passed',
      'pkg/names › TestSubtests › outer › inner': 'passed',
      'pkg/names › TestSubtests › #00': 'passed',
      'pkg/names › TestOutput': 'passed',
      'pkg/names › TestBytes': 'failed',
      'pkg/names › TestLooksLikeAFrame': 'passed',
      'pkg/names › TestLong': 'failed',
      'pkg/names › FuzzSeeds': 'failed',
      'pkg/names › FuzzSeeds › seed#0': 'passed',
      'pkg/names › FuzzSeeds › seed#1': 'failed',
      'pkg/panics › TestBefore': 'passed',
      'pkg/panics › TestPanics': 'failed',
      'pkg/panics › TestPanics › sub': 'failed',
      'pkg/panics › (file)': 'failed',
      'pkg/parallel › TestPanicsInParallel': 'failed',
      'pkg/parallel › TestSequential': 'passed',
      'pkg/parallel › (file)': 'failed',
      'pkg/syntax › (file)': 'failed',
      'pkg/unbuilt › (file)': 'failed',
      'pkg/vet › (file)': 'failed',
    });
    expect(ran.judged.outcome).toBe('failed');
    expect(ran.observed.filesEnded.size).toBe(EVERYTHING.length);
  });

  it('keeps message, place, stack and output of each result', () => {
    const row = (file: string, last: string) => ran.rows.find((r) => r.file === file && r.path.at(-1) === last)!;
    expect(row('pkg/names', 'same#01')).toMatchObject({ message: '    names_test.go:12: got 1', line: 12 });
    expect(row('pkg/names', 'b')).toMatchObject({ note: 'not on this machine' });
    expect(row('pkg/names', 'TestOutput').stdout).toBe('no newline at the endto stderr\n    names_test.go:23: logged');
    expect(row('pkg/names', 'TestBytes').message).toBe('    names_test.go:27: red \ufffd\ufffd nul');
    expect(row('pkg/names', 'TestLong').message).toMatch(/^line 0\n[\s\S]*characters cut[\s\S]*after much output$/);
    expect(row('pkg/names', 'TestLong').message!.length).toBeLessThan(17 * 1024);
    // Go itself gives the panic to the subtest or to its parent, as it happens.
    const panicked = ran.rows.find(
      (r) => r.file === 'pkg/panics' && r.message?.startsWith('panic: assignment to entry in nil map'),
    )!;
    expect(panicked).toMatchObject({ path: expect.arrayContaining(['TestPanics']), line: 10 });
    expect(panicked.stack).toMatch(/^goroutine \d+ \[running\]:/);
    expect(row('pkg/exits', 'TestExits').note).toBe('the process ended while this test was running');
    expect(row('.', 'Example_wrong').message).toContain('want:\n9');
    expect(row('pkg/mainfails', '(file)').message).toContain('clean-up went wrong');
    expect(row('pkg/unbuilt', '(file)').message).toContain('undefined: unknown');
    expect(row('pkg/syntax', '(file)').message).toContain("expected '}', found 'EOF'");
    expect(row('pkg/vet', '(file)').message).toContain('wrong type string');
  });

  it('counts as the native stream does; only a test that ended the process is counted in addition', async () => {
    const native = await exec('go', ['test', '-json', '-count=1', './...'], root);
    const actions = native.stdout
      .split('\n')
      .filter((l) => l.startsWith('{'))
      .map((l) => JSON.parse(l) as { Action: string; Test?: string });
    const count = (action: string): number => actions.filter((a) => a.Action === action && a.Test !== undefined).length;
    expect(ran.totals).toEqual({ passed: count('pass'), failed: count('fail') + 1, skipped: count('skip') });
  });

  it('runs only the top-level tests it is asked for', async () => {
    const again = await runAdapter(goTestAdapter, root, {
      files: ['pkg/names'],
      tests: [['TestOutput'], ['TestSubtests', 'outer', 'inner']],
    });
    expect([...new Set(again.rows.map((r) => r.path[0]))]).toEqual(['TestSubtests', 'TestOutput']);
    expect(again.observed.reporterEnded).toBe(true);
  });

  it('is green only with evidence: no matching test is no result', async () => {
    const none = await runAdapter(goTestAdapter, root, { files: ['pkg/norun'] });
    expect(none.exit.code).toBe(0);
    expect(none.rows).toEqual([]);
    const gone = await runAdapter(goTestAdapter, root, { files: ['pkg/nowhere'] });
    expect(gone.judged.outcome).toBe('failed');
    expect(gone.rows[0]!.message).toContain('directory not found');
  });

  it('bails after the first failure', async () => {
    const bailed = await runAdapter(goTestAdapter, root, { files: ['pkg/names', 'pkg/panics'], bail: true, cores: 1 });
    expect(bailed.judged.outcome).toBe('failed');
    expect(bailed.rows.map((r) => r.path.join('/'))).not.toContain('TestLong');
  });

  it('says which Go it runs', async () => {
    expect(await goTestAdapter.version(suiteOf('go-test'), localProject(root))).toMatch(
      /^go version go1\.\d+.* \(go on PATH\)$/,
    );
  });
});

describe('go test elsewhere', () => {
  it('keeps what had finished when the process is killed, and is not complete', async () => {
    const root = await writeProject({
      'go.mod': 'module example.com/slow\n\ngo 1.21\n',
      'a_test.go':
        'package slow\n\nimport ("testing"; "time")\n\nfunc TestFast(t *testing.T) {}\nfunc TestSlow(t *testing.T) { time.Sleep(time.Minute) }\n',
    });
    const ran = await runAdapter(goTestAdapter, root, {
      files: ['.'],
      killWhen: (events) => events.some((e) => e.e === 'test'),
    });
    expect(statuses(ran.rows)).toEqual({ '. › TestFast': 'passed' });
    expect(ran.observed.filesEnded.size).toBe(0);
    expect(ran.judged.outcome).toBe('error_runner_crashed');
    await remove(root);
  });

  it('fails the test that was running when the time limit of go itself is reached', async () => {
    const root = await writeProject({
      'go.mod': 'module example.com/slow\n\ngo 1.21\n',
      'a_test.go':
        'package slow\n\nimport ("testing"; "time")\n\nfunc TestFast(t *testing.T) {}\nfunc TestSlow(t *testing.T) { time.Sleep(time.Minute) }\n',
    });
    const suite = suiteOf('go-test', { args: ['-timeout', '300ms', '-args', 'for-the-test'] });
    const ran = await runAdapter(goTestAdapter, root, { suite, files: ['.'] });
    expect(statuses(ran.rows)).toEqual({ '. › TestFast': 'passed', '. › TestSlow': 'failed', '. › (file)': 'failed' });
    expect(ran.rows[1]!.message).toMatch(/^panic: test timed out after 300ms/);
    await remove(root);
  });

  it('finds one suite for each module of a workspace, and runs in it', async () => {
    const test = (pkg: string): string => `package ${pkg}\n\nimport "testing"\n\nfunc TestIt(t *testing.T) {}\n`;
    const root = await writeProject({
      'go.work': 'go 1.21\n\nuse (\n\t./app // the app\n\t./lib\n)\n',
      'app/go.mod': 'module example.com/app\n\ngo 1.21\n',
      'app/x/x_test.go': test('x'),
      'lib/go.mod': 'module example.com/lib\n\ngo 1.21\n',
      'lib/lib_test.go': test('lib'),
      'tool/go.mod': 'module example.com/tool\n\ngo 1.21\n',
      'tool/tool_test.go': test('tool'),
    });
    const drafts = await goTestAdapter.detect(localProject(root));
    expect(drafts.map((d) => d.config)).toEqual([
      { name: 'go-app', framework: 'go-test', dir: 'app' },
      { name: 'go-lib', framework: 'go-test', dir: 'lib' },
    ]);
    const suite = suiteOf('go-test', { dir: 'app' });
    expect((await goTestAdapter.discover(suite, localProject(root))).map((f) => f.file)).toEqual(['x']);
    const ran = await runAdapter(goTestAdapter, root, { suite, files: ['x'] });
    expect(ran.judged).toEqual({ outcome: 'passed', message: '1 passed or skipped.' });
    await remove(root);
  });

  it('says what to do when Go is missing', async () => {
    const root = await writeProject({ 'go.mod': 'module example.com/x\n' });
    const suite = suiteOf('go-test', { command: ['no-such-go', 'test'] });
    await expect(goTestAdapter.discover(suite, localProject(root))).rejects.toMatchObject({
      problem: 'ToolMissing',
      message: expect.stringContaining('Install Go'),
    });
    await remove(root);
  });

  it('names the mistake in go.mod', async () => {
    const root = await writeProject({ 'go.mod': 'nonsense here\n' });
    await expect(goTestAdapter.discover(suiteOf('go-test'), localProject(root))).rejects.toMatchObject({
      problem: 'DiscoveryFailed',
      message: expect.stringContaining('go.mod:1'),
    });
    await remove(root);
  });
});
