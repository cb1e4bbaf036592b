import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mavenAdapter } from '../../../adapters/frameworks/maven.js';
import { copyOf, exec, localProject, remove, statuses, suiteOf } from './polyglot.js';
import { type ReportRun, runWithReports } from './report-attempt.js';

const discovered = async (root: string): Promise<string[]> =>
  (await mavenAdapter.discover(suiteOf('maven'), localProject(root))).map(({ file }) => file);

/** What Maven's own console says in the end, over all modules. */
function nativeTotals(output: string): ReportRun['totals'] {
  const totals = { tests: 0, passed: 0, failed: 0, skipped: 0 };
  const summary = /Tests run: (\d+), Failures: (\d+), Errors: (\d+), Skipped: (\d+)\s*$/gm;
  for (const [, tests, failures, errors, skipped] of output.matchAll(summary)) {
    totals.tests += Number(tests);
    totals.failed += Number(failures) + Number(errors);
    totals.skipped += Number(skipped);
  }
  totals.passed = totals.tests - totals.failed - totals.skipped;
  return totals;
}

async function native(root: string, ...args: string[]): Promise<ReportRun['totals']> {
  const result = await exec('mvn', ['-B', '-Dstyle.color=never', 'test', ...args], root);
  return nativeTotals(result.stdout);
}

const CART = 'src/test/java/shop/CartTest.java › CartTest › ';

describe('Maven Surefire with JUnit 5', () => {
  let root: string;
  let files: string[];
  let whole: ReportRun;
  beforeAll(async () => {
    root = await copyOf('maven/shop');
    files = await discovered(root);
    whole = await runWithReports(mavenAdapter, root, { files });
  }, 300_000);
  afterAll(() => remove(root));

  it('finds the classes that Surefire looks at', () => {
    expect(files).toEqual(
      ['BeforeAllTest', 'BrokenInitTests', 'CartTest', 'ShelfTestCase'].map(
        (name) => `src/test/java/shop/${name}.java`,
      ),
    );
  });

  it('says of every test what became of it', () => {
    expect(statuses(whole.rows)).toEqual({
      'src/test/java/shop/BeforeAllTest.java › BeforeAllTest › (class)': 'failed',
      'src/test/java/shop/BrokenInitTests.java › BrokenInitTests › reads': 'failed',
      'src/test/java/shop/BrokenInitTests.java › BrokenInitTests › writes': 'failed',
      [`${CART}addsOne`]: 'passed',
      [`${CART}isRed`]: 'failed',
      [`${CART}isSkipped`]: 'skipped',
      [`${CART}isAssumed`]: 'skipped',
      [`${CART}throwsAnError`]: 'failed',
      [`${CART}isSmall(int)[1]`]: 'passed',
      [`${CART}isSmall(int)[2]`]: 'passed',
      [`${CART}isSmall(int)[3]`]: 'failed',
      [`${CART}costs(String, int)[1]`]: 'passed',
      [`${CART}costs(String, int)[2]`]: 'passed',
      [`${CART}again`]: 'passed',
      [`${CART}again #2`]: 'passed',
      [`${CART}WhenEmpty › hasNoItems`]: 'passed',
      [`${CART}WhenEmpty › AndClosed › refusesItems`]: 'failed',
      'src/test/java/shop/ShelfTestCase.java › ShelfTestCase › holds': 'passed',
    });
    expect(whole.judged.outcome).toBe('failed');
    expect(whole.events.at(-1)).toEqual({ e: 'end' });
  });

  it('counts exactly what Maven counts', async () => {
    expect(whole.totals).toEqual(nativeTotals(whole.output));
    expect(whole.totals).toEqual(await native(root));
  });

  it('keeps message, stack, expected, actual, output and skip reason', () => {
    const row = (name: string) => whole.rows.find((one) => one.path.at(-1) === name);
    expect(row('isRed')).toMatchObject({
      message: 'sum of the cart ==> expected: <3> but was: <2>',
      expected: '3',
      actual: '2',
    });
    expect(row('isRed')!.stack).toContain('at shop.CartTest.isRed(CartTest.java:19)');
    expect(row('addsOne')!.stdout).toBe('adding one');
    expect(row('isSkipped')!.note).toBe('waits for the new price list');
    expect(row('throwsAnError')!.message).toBe('no price  for <apple> & ]]> pear');
    expect(row('(class)')!.message).toBe('the shop is closed');
  });

  it('has results before Maven has ended', () => {
    expect(whole.early.filter(({ e }) => e === 'test').length).toBeGreaterThan(0);
  });

  it('runs single classes with their nested ones, the same tests under the same names', async () => {
    const part = [files[2]!, files[3]!];
    const ran = await runWithReports(mavenAdapter, root, { files: part });
    const ofPart = whole.rows.filter(({ file }) => part.includes(file));
    expect(statuses(ran.rows)).toEqual(statuses(ofPart));
    expect(ran.rows.map(({ testId }) => testId).sort()).toEqual(ofPart.map(({ testId }) => testId).sort());
    expect(ran.judged.outcome).toBe('failed');
  });

  it.each(['2.22.2', '3.5.4'])('counts as Surefire %s does, whole and in part', async (version) => {
    const suite = suiteOf('maven', { args: [`-Dsurefire.version=${version}`] });
    const all = await runWithReports(mavenAdapter, root, { files, suite });
    expect(all.totals).toEqual(nativeTotals(all.output));
    expect(all.totals.tests).toBe(18);
    // Surefire 2 needs nested classes to be named; the adapter sees the version in the POM.
    const pom = await readFile(join(root, 'pom.xml'), 'utf8');
    await writeFile(join(root, 'pom.xml'), pom.replace('3.2.5', version));
    const part = await runWithReports(mavenAdapter, root, { files: [files[2]!] });
    await writeFile(join(root, 'pom.xml'), pom);
    expect(part.totals).toEqual({ tests: 14, passed: 8, failed: 4, skipped: 2 });
  });

  it('never counts a report of an earlier run', async () => {
    const ran = await runWithReports(mavenAdapter, root, { files, suite: suiteOf('maven', { args: ['-DskipTests'] }) });
    expect(ran.rows).toEqual([]);
    expect(ran.exit.code).toBe(0);
    expect(ran.judged.outcome).toBe('error_no_results');
  });

  it('keeps what had finished when it is killed, and never calls it complete', async () => {
    const ran = await runWithReports(mavenAdapter, root, {
      files,
      killWhen: (events) => events.some(({ e }) => e === 'test'),
    });
    expect(ran.rows.length).toBeGreaterThan(0);
    expect(ran.events.some(({ e }) => e === 'end')).toBe(false);
    expect(ran.judged.outcome).toBe('error_runner_crashed');
  });

  it('tells a broken build from red tests, with the words of the compiler', async () => {
    const broken = join(root, 'src/test/java/shop/ShelfTestCase.java');
    const before = await readFile(broken, 'utf8');
    await writeFile(broken, before.replace('void holds() {}', 'void holds() { int n = "apple"; }'));
    const ran = await runWithReports(mavenAdapter, root, { files });
    await writeFile(broken, before);
    expect(ran.events.map(({ e }) => e)).toEqual(['error']);
    expect(ran.events[0]).toMatchObject({ e: 'error', file: 'src/test/java/shop/ShelfTestCase.java' });
    expect((ran.events[0] as { message: string }).message).toContain('incompatible types');
    expect(ran.judged.outcome).toBe('error_partial_report');
  });

  it("counts Surefire's own retries as tries of one test", async () => {
    const flaky = join(root, 'src/test/java/shop/FlakyTest.java');
    const mark = join(root, 'mark');
    await writeFile(
      flaky,
      `package shop;
import java.nio.file.*;
class FlakyTest {
  @org.junit.jupiter.api.Test void passesLater() throws Exception {
    Path mark = Path.of("${mark}");
    if (!Files.exists(mark)) { Files.createFile(mark); throw new IllegalStateException("first time"); }
  }
  @org.junit.jupiter.api.Test void staysRed() { throw new IllegalStateException("always"); }
}
`,
    );
    const suite = suiteOf('maven', { args: ['-Dsurefire.rerunFailingTestsCount=2'] });
    const ran = await runWithReports(mavenAdapter, root, { files: ['src/test/java/shop/FlakyTest.java'], suite });
    await Promise.all([rm(flaky), rm(mark)]);
    const seen = ran.rows.map(({ path, status, tries, message }) => ({ name: path.at(-1), status, tries, message }));
    expect(seen.sort((a, b) => (a.name! < b.name! ? -1 : 1))).toEqual([
      { name: 'passesLater', status: 'passed', tries: 2, message: 'first time' },
      { name: 'staysRed', status: 'failed', tries: 3, message: 'always' },
    ]);
    expect(ran.judged.outcome).toBe('failed');
  });

  it('reports a fork that dies as broken, never as green', async () => {
    const dying = join(root, 'src/test/java/shop/DyingTest.java');
    await writeFile(
      dying,
      'package shop;\nclass DyingTest { @org.junit.jupiter.api.Test void dies() { Runtime.getRuntime().halt(0); } }\n',
    );
    const ran = await runWithReports(mavenAdapter, root, { files: ['src/test/java/shop/DyingTest.java'] });
    await rm(dying);
    expect(ran.events.some(({ e }) => e === 'end')).toBe(false);
    expect(ran.judged.outcome).toBe('error_partial_report');
    expect(ran.rows.map(({ message }) => message).join('\n')).toContain('terminated without properly saying goodbye');
  });

  it('names Maven and Java', async () => {
    expect(await mavenAdapter.version(suiteOf('maven'), localProject(root))).toMatch(
      /^Apache Maven \d.*Java version: \d.*\(mvn\)$/,
    );
  });
});

describe('Maven Surefire with JUnit 4 and 3', () => {
  let root: string;
  beforeAll(async () => {
    root = await copyOf('maven/old');
  });
  afterAll(() => remove(root));

  it('counts a class that also runs in a suite as Surefire does: every pass, and a failure once', async () => {
    const files = await discovered(root);
    const ran = await runWithReports(mavenAdapter, root, { files });
    expect(ran.totals).toEqual(nativeTotals(ran.output));
    expect(ran.totals).toEqual(await native(root));
    const at = (name: string): string => `src/test/java/old/${name}.java › ${name} › `;
    expect(statuses(ran.rows)).toEqual({
      [`${at('AllTests').replace('AllTests › ', '')}old.FirstTest › green`]: 'passed',
      [`${at('AllTests').replace('AllTests › ', '')}old.ThirdTest › counts[1 pears]`]: 'passed',
      [`${at('BeforeClassTest')}(class)`]: 'failed',
      [`${at('FirstTest')}green`]: 'passed',
      [`${at('FirstTest')}red`]: 'failed',
      [`${at('FirstTest')}ignored`]: 'skipped',
      [`${at('FirstTest')}assumed`]: 'skipped',
      [`${at('Junit3Test')}testOld`]: 'passed',
      [`${at('SecondTest')}A › inner`]: 'passed',
      [`${at('SecondTest')}B › inner`]: 'passed',
      [`${at('ThirdTest')}counts[1 pears]`]: 'passed',
      [`${at('ThirdTest')}counts[2 pears]`]: 'failed',
    });
    expect(ran.judged.outcome).toBe('failed');
  });

  it('runs a suite of classes by itself', async () => {
    const ran = await runWithReports(mavenAdapter, root, { files: ['src/test/java/old/AllTests.java'] });
    expect(statuses(ran.rows)).toEqual({
      'src/test/java/old/AllTests.java › old.FirstTest › green': 'passed',
      'src/test/java/old/AllTests.java › old.FirstTest › red': 'failed',
      'src/test/java/old/AllTests.java › old.ThirdTest › counts[1 pears]': 'passed',
      'src/test/java/old/AllTests.java › old.ThirdTest › counts[2 pears]': 'failed',
    });
    expect(ran.judged.outcome).toBe('failed');
  });
});

describe('a reactor of several modules', () => {
  let root: string;
  beforeAll(async () => {
    root = await copyOf('maven/reactor');
  });
  afterAll(() => remove(root));

  it('honours includes, excludes and a test directory of the POM, and equals Maven', async () => {
    const files = await discovered(root);
    expect(files).toEqual([
      'core/src/test/java/core/AbstractTest.java',
      'core/src/test/java/core/SameTest.java',
      'web/src/tests/web/PageSpec.java',
    ]);
    const ran = await runWithReports(mavenAdapter, root, { files });
    expect(statuses(ran.rows)).toEqual({
      'core/src/test/java/core/SameTest.java › SameTest › inCore': 'passed',
      'web/src/tests/web/PageSpec.java › PageSpec › shows': 'passed',
      'web/src/tests/web/PageSpec.java › SecondTest › livesInAnotherFile': 'passed',
    });
    expect(ran.totals).toEqual(nativeTotals(ran.output));
    expect(ran.judged.outcome).toBe('passed');
  });

  it('runs only the modules that are asked for', async () => {
    await mkdir(join(root, 'web/src/tests/other'), { recursive: true });
    const ran = await runWithReports(mavenAdapter, root, { files: ['core/src/test/java/core/SameTest.java'] });
    expect(ran.spec.args.slice(-4)).toEqual(['-DfailIfNoTests=false', '-pl', 'core', '-am']);
    expect(ran.judged.outcome).toBe('passed');
    expect(ran.totals.tests).toBe(1);
  });
});
