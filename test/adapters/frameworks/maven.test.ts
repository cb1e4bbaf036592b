import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MavenLog } from '../../../adapters/frameworks/maven/log.js';
import { findTestFiles, readReactor } from '../../../adapters/frameworks/maven/reactor.js';
import { MavenResults } from '../../../adapters/frameworks/maven/results.js';
import { mavenAdapter } from '../../../adapters/frameworks/maven.js';
import { parseJUnit } from '../../../adapters/frameworks/reports/junit-xml.js';
import type { CommandRequest } from '../../../domain/framework.js';
import { exitRecord, suiteOf } from './polyglot.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'baton-maven-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const write = (path: string, text = ''): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const classes = async (): Promise<string[]> =>
  (await findTestFiles(root, await readReactor(root))).map(({ file }) => file);
const surefire = (configuration: string): string =>
  `<build><plugins><plugin><artifactId>maven-surefire-plugin</artifactId><configuration>${configuration}</configuration></plugin></plugins></build>`;
const pom = (inner: string): string =>
  `<?xml version="1.0"?>\n<project><artifactId>shop</artifactId>${inner}</project>`;

describe('finding test classes as Surefire does', () => {
  const all = ['TestA', 'ATest', 'ATests', 'ATestCase', 'ATester', 'AIT', 'package-info', 'sub/BTest'];

  beforeEach(() => {
    for (const name of all) write(`src/test/java/shop/${name}.java`);
    write('src/test/kotlin/shop/KTest.kt');
    write('src/test/java/shop/readme.txt');
  });

  it('takes the default names, in every language below src/test', async () => {
    write('pom.xml', pom(''));
    const names = ['ATest', 'ATestCase', 'ATests', 'TestA', 'sub/BTest'];
    expect(await classes()).toEqual([
      ...names.map((name) => `src/test/java/shop/${name}.java`),
      'src/test/kotlin/shop/KTest.kt',
    ]);
  });

  it.each([
    ['<includes><include>**/*IT.java</include></includes>', ['AIT']],
    ['<includes><include>**/*IT, **/TestA.class</include></includes>', ['AIT', 'TestA']],
    ['<includes><include>shop.ATester</include></includes>', ['ATester']],
    ['<excludes><exclude>**/sub/**</exclude><exclude>*TestCase</exclude></excludes>', ['ATest', 'ATests', 'TestA']],
    [
      '<includes><include>**/A*</include><include>!**/*IT</include></includes>',
      ['ATest', 'ATestCase', 'ATester', 'ATests'],
    ],
    [
      '<includes><include>%regex[.*]</include></includes>',
      ['AIT', 'ATest', 'ATestCase', 'ATester', 'ATests', 'TestA', 'sub/BTest'],
    ],
    ['<skipTests>true</skipTests>', []],
  ])('with %s', async (configuration, names) => {
    write('pom.xml', pom(surefire(configuration)));
    rmSync(join(root, 'src/test/kotlin'), { recursive: true });
    expect(await classes()).toEqual(names.map((name) => `src/test/java/shop/${name}.java`));
  });

  it('finds classes that no file is named after, and sources beside the usual directory', async () => {
    write('pom.xml', pom(''));
    rmSync(join(root, 'src/test'), { recursive: true });
    write('src/test/java21/shop/NewTest.java');
    write('src/test/resources/shop/ResourceTest.java');
    write('src/test/kotlin/anywhere.kt', 'package shop.deep\nclass KotlinTest\n');
    const lines = [
      'class Many {}',
      '  class InnerTest {}',
      'abstract class BaseTest {}',
      '@Tag("x") public final class HiddenTest {',
      '// class CommentTest',
      '}',
    ];
    write('src/test/java/shop/Many.java', ['package shop;', ...lines].join('\n'));
    const found = await findTestFiles(root, await readReactor(root));
    expect(found.map(({ file, classes: names }) => [file, names])).toEqual([
      ['src/test/java/shop/Many.java', ['shop.HiddenTest']],
      ['src/test/java21/shop/NewTest.java', ['shop.NewTest']],
      ['src/test/kotlin/anywhere.kt', ['shop.deep.KotlinTest']],
    ]);
  });

  it('follows modules, their own test directories, and properties of their parent', async () => {
    write(
      'pom.xml',
      pom(
        '<properties><where>src/specs</where></properties><modules><module>core</module><module>gone</module><module>../outside</module></modules>',
      ),
    );
    write(
      'core/pom.xml',
      pom(
        // biome-ignore lint/suspicious/noTemplateCurlyInString: Maven's own placeholders
        '<build><testSourceDirectory>${project.basedir}/${where}</testSourceDirectory><directory>out</directory></build>',
      ),
    );
    write('core/src/specs/shop/CoreTest.java');
    const reactor = await readReactor(root);
    expect(reactor.modules.map(({ dir, reportsDir }) => [dir, reportsDir])).toEqual([
      ['.', 'target/surefire-reports'],
      ['core', 'core/out/surefire-reports'],
    ]);
    expect(await classes()).toContain('core/src/specs/shop/CoreTest.java');
  });

  it('survives a POM that is no XML', async () => {
    write('pom.xml', '<project><<&bomb;');
    expect((await readReactor(root)).modules.length).toBeLessThan(2);
    write('pom.xml', 'nothing');
    expect((await readReactor(root)).modules).toEqual([]);
  });
});

describe('the command', () => {
  const request = (files: string[], change: Partial<CommandRequest> = {}): CommandRequest => {
    const scratchDir = mkdtempSync(join(root, 'scratch-'));
    return { suite: suiteOf('maven'), root, files, eventsFile: '', scratchDir, cores: 2, bail: false, ...change };
  };
  const tail = async (one: CommandRequest): Promise<readonly string[]> => {
    const { args } = await mavenAdapter.command(one);
    return args.slice(args.indexOf('test') + 1);
  };
  const quiet = ['-Dsurefire.failIfNoSpecifiedTests=false', '-DfailIfNoTests=false'];

  it('runs everything as `mvn test` does, and names classes otherwise', async () => {
    write('pom.xml', pom(''));
    for (const name of ['A', 'B']) write(`src/test/java/shop/${name}Test.java`);
    const [a, b] = ['src/test/java/shop/ATest.java', 'src/test/java/shop/BTest.java'];
    expect(await tail(request([a, b]))).toEqual([]);
    expect(await tail(request([b]))).toEqual(['-Dtest=shop.BTest', ...quiet]);
    expect((await mavenAdapter.command(request([a], { bail: true }))).args).toContain(
      '-Dsurefire.skipAfterFailureCount=1',
    );
  });

  it('names nested classes for Surefire 2 with JUnit 5', async () => {
    write(
      'pom.xml',
      pom(
        `<dependencies><dependency><groupId>org.junit.jupiter</groupId></dependency></dependencies>${surefire('').replace('</artifactId>', '</artifactId><version>2.22.2</version>')}`,
      ),
    );
    for (const name of ['A', 'B']) write(`src/test/java/shop/${name}Test.java`);
    expect((await tail(request(['src/test/java/shop/ATest.java'])))[0]).toBe('-Dtest=shop.ATest,shop.ATest$*');
  });

  it('writes thousands of classes to a file, because an argument has a limit', async () => {
    write('pom.xml', pom(''));
    const files = Array.from({ length: 3000 }, (_, i) => `src/test/java/a/package/of/some/length/Number${i}Test.java`);
    for (const file of files) write(file);
    const one = request(files.slice(1));
    const [first] = await tail(one);
    expect(first).toBe(`-Dsurefire.includesFile=${join(one.scratchDir, 'surefire-includes.txt')}`);
    expect(readFileSync(first!.split('=')[1]!, 'utf8').split('\n').length).toBe(2999);
  });

  it('prefers the wrapper of the project', async () => {
    write('pom.xml', pom(''));
    write('mvnw');
    expect((await mavenAdapter.command(request([]))).command).toBe('mvn');
    rmSync(join(root, 'mvnw'));
    writeFileSync(join(root, 'mvnw'), '', { mode: 0o755 });
    expect((await mavenAdapter.command(request([]))).command).toBe(join(root, 'mvnw'));
  });

  it('never counts reports that were there before, whatever they say', async () => {
    write('pom.xml', pom(''));
    write('src/test/java/shop/ATest.java');
    const report = '<testsuite name="shop.ATest"><testcase name="a" classname="shop.ATest"/></testsuite>';
    write('target/surefire-reports/TEST-shop.ATest.xml', report);
    const one = request(['src/test/java/shop/ATest.java']);
    await mavenAdapter.command(one);
    const reader = mavenAdapter.reader(one);
    for (const line of [
      '[INFO] --- surefire:3.2.5:test (default-test) @ shop ---',
      '[INFO]  T E S T S',
      '[INFO] BUILD SUCCESS',
    ])
      reader.line(line);
    expect(await reader.poll!()).toEqual([]);
    expect((await reader.end(exitRecord(0))).map(({ e }) => e)).toEqual([]);
    write('target/surefire-reports/TEST-shop.ATest.xml', report.replace('name="a"', 'name="ab"'));
    expect((await mavenAdapter.reader(one).poll!()).map(({ e }) => e)).toEqual(['start', 'file-start', 'test']);
  });

  it('reads a half-written report later, and is never complete with one', async () => {
    write('pom.xml', pom(''));
    write('src/test/java/shop/ATest.java');
    const one = request(['src/test/java/shop/ATest.java']);
    await mavenAdapter.command(one);
    const reader = mavenAdapter.reader(one);
    for (const line of [
      '[INFO] --- surefire:3.2.5:test (default-test) @ shop ---',
      '[INFO]  T E S T S',
      '[INFO] BUILD SUCCESS',
    ])
      reader.line(line);
    write(
      'target/surefire-reports/TEST-shop.ATest.xml',
      '<testsuite name="shop.ATest"><testcase name="a" classname="shop.ATest"/><testc',
    );
    expect(await reader.poll!()).toEqual([]);
    const events = await reader.end(exitRecord(0));
    expect(events.map(({ e }) => e)).toEqual(['file-start', 'test', 'error']);
    expect(events.at(-1)).toMatchObject({
      message: expect.stringContaining('TEST-shop.ATest.xml: the report stops inside'),
    });
  });
});

describe("Maven's console", () => {
  const log = (text: string): MavenLog => {
    const result = new MavenLog();
    for (const line of text.split('\n')) result.line(line);
    return result;
  };
  const goal = (why: string): string =>
    `[INFO] BUILD FAILURE\n[ERROR] Failed to execute goal org.apache.maven.plugins:maven-surefire-plugin:3.2.5:test (default-test) on project shop: ${why}`;

  it.each(['There are test failures.', '', '\u001b[1mThere are test failures.\u001b[0m -> [Help 1]'])(
    'takes "%s" for red tests',
    (why) => {
      expect(log(goal(why))).toMatchObject({ testFailures: true, broken: [] });
    },
  );

  it.each([
    goal('There was a timeout or other error in the fork -> [Help 1]'),
    goal('Execution default-test of goal failed: no provider'),
    `${goal('There are test failures.')}\n[ERROR] \n[ERROR] The forked VM terminated without properly saying goodbye. VM crash or System.exit called?`,
    '[INFO] BUILD FAILURE\n[ERROR] Failed to execute goal org.apache.maven.plugins:maven-compiler-plugin:3.1:testCompile (default-testCompile) on project shop: Compilation failure',
  ])('takes anything else for a broken build: %s', (text) => {
    const seen = log(text);
    expect(seen.broken.length).toBe(1);
    expect([...seen.brokenModules]).toEqual(['shop']);
  });

  it('knows which modules Surefire looked at, with colours or without', () => {
    const seen = log(
      '[\u001b[1;34mINFO\u001b[m] \u001b[1m--- \u001b[0;32mmaven-surefire-plugin:2.22.2:test\u001b[m \u001b[1m(default-test)\u001b[m @ \u001b[36mcore\u001b[0;1m ---\u001b[m\n[INFO] Tests are skipped.\n' +
        '[INFO] --- surefire:3.2.5:test (default-test) @ web ---\n[INFO] No tests to run.\n[INFO] BUILD SUCCESS',
    );
    expect([...seen.tested]).toEqual(['web']);
    expect(seen).toMatchObject({ surefireRan: true, surefireVersion: '3.2.5', finished: 'success' });
  });

  it('keeps the words of the compiler once, without the help of Maven', () => {
    const seen = log(
      '[ERROR] COMPILATION ERROR : \n[ERROR] /p/src/test/java/A.java:[3,5] not a statement\n[ERROR] /p/src/test/java/A.java:[3,5] not a statement\n[ERROR] -> [Help 1]\n[ERROR] Re-run Maven using the -X switch',
    );
    expect(seen.errorText).toBe('COMPILATION ERROR :\n/p/src/test/java/A.java:[3,5] not a statement');
    expect(seen.compileErrors[0]).toEqual({ path: '/p/src/test/java/A.java' });
  });
});

describe('cases of a suite class', () => {
  const test = (name: string) => ({ file: `${name}.java`, bytes: 1, classes: [name], module: '.' });
  const report = (...cases: [string, string, string][]) =>
    parseJUnit(
      `<testsuite>${cases.map(([c, n, inner]) => `<testcase classname="${c}" name="${n}">${inner}</testcase>`).join('')}</testsuite>`,
    );
  const place = (name: string) => ({ module: '.', name, final: false });
  const RED = '<failure message="m"/>';
  const SKIP = '<skipped/>';

  it('add passes, but neither a failure nor a skip that is known already', () => {
    const results = new MavenResults(['All.java', 'One.java'], [test('All'), test('One')]);
    results.report(report(['One', 'a', ''], ['One', 'b', RED], ['One', 'c', SKIP]), place('All'), true);
    results.report(report(['One', 'a', ''], ['One', 'b', RED], ['One', 'c', SKIP]), place('One'), true);
    expect(results.settle(true)).toEqual([{ e: 'test', file: 'All.java', path: ['One', 'a'], status: 'passed' }]);
  });

  it('show a failure that the class itself does not have', () => {
    const results = new MavenResults(['All.java', 'One.java'], [test('All'), test('One')]);
    results.report(report(['One', 'a', '']), place('One'), true);
    results.report(report(['One', 'a', RED]), place('All'), true);
    expect(results.settle(true)).toMatchObject([
      { file: 'All.java', path: ['One', 'a'], status: 'failed', message: 'm' },
    ]);
  });

  it('belong to their own class when it has no report', () => {
    const results = new MavenResults(['All.java', 'One.java'], [test('All'), test('One')]);
    results.report(report(['One', 'a', '']), place('All'), true);
    expect(results.settle(true)).toMatchObject([
      { e: 'file-start', file: 'One.java' },
      { file: 'One.java', path: ['One', 'a'] },
    ]);
  });

  it('of a report that has grown are added, and none twice', () => {
    const results = new MavenResults(['One.java'], [test('One')]);
    expect(results.report(report(['One', 'a', '']), place('One'), true).filter(({ e }) => e === 'test').length).toBe(1);
    const more = results.report(report(['One', 'a', ''], ['One', 'a', ''], ['One', 'b', '']), place('One'), true);
    expect(more).toEqual([
      { e: 'test', file: 'One.java', path: ['One', 'a'], status: 'passed' },
      { e: 'test', file: 'One.java', path: ['One', 'b'], status: 'passed' },
    ]);
  });
});
