import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseJUnit, readJUnit } from '../../../adapters/frameworks/reports/junit-xml.js';

const SUREFIRE = join(import.meta.dirname, '../../fixtures/frameworks/maven/reports');
const nested = readFileSync(join(SUREFIRE, 'surefire-3.2.5/TEST-shop.CartTest$WhenEmpty$AndClosed.xml'), 'utf8');

const brief = (xml: string): string[] =>
  parseJUnit(xml).cases.map(({ suites, className, name, status }) =>
    [...suites, className, name, status].filter(Boolean).join(' › '),
  );
const suite = (inner: string): string => `<?xml version="1.0"?><testsuite name="s">${inner}</testsuite>`;

describe('reading JUnit XML', () => {
  it('reads cases of nested suites with status, duration, place and details', () => {
    const report = parseJUnit(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="all" tests="5" failures="1" errors="1">
  <testsuite name="outer" file="test/cart.js" tests="5" failures="1" errors="1" skipped="1">
    <testcase classname="Cart" name="adds" time="0.0125" line="7"><system-out>hello</system-out><system-err><![CDATA[oh]]></system-err></testcase>
    <testsuite name="inner">
      <testcase name="fails" time="1"><failure message="expected: &lt;3&gt; but was: &lt;2&gt;" type="AssertionError">at line 3</failure></testcase>
      <testcase name="breaks" file="other.js"><error type="TypeError"/></testcase>
    </testsuite>
    <testcase name="waits"><skipped message="not today"/></testcase>
    <testcase name="retries"><flakyFailure message="once"><stackTrace>first try</stackTrace><system-out>noise</system-out></flakyFailure></testcase>
  </testsuite>
</testsuites>`);
    const plain = { suites: ['outer'], file: 'test/cart.js', tries: 1 };
    expect(JSON.parse(JSON.stringify(report))).toEqual({
      cases: [
        {
          ...plain,
          className: 'Cart',
          name: 'adds',
          status: 'passed',
          ms: 12.5,
          line: 7,
          stdout: 'hello',
          stderr: 'oh',
        },
        {
          ...plain,
          suites: ['outer', 'inner'],
          name: 'fails',
          status: 'failed',
          fault: 'failure',
          ms: 1000,
          message: 'expected: <3> but was: <2>',
          stack: 'at line 3',
          expected: '3',
          actual: '2',
        },
        {
          ...plain,
          suites: ['outer', 'inner'],
          name: 'breaks',
          file: 'other.js',
          status: 'failed',
          fault: 'error',
          message: 'TypeError',
        },
        { ...plain, name: 'waits', status: 'skipped', note: 'not today' },
        {
          ...plain,
          name: 'retries',
          status: 'passed',
          tries: 2,
          message: 'once',
          stack: 'first try',
          note: 'passed after 1 failed try',
        },
      ],
      failures: [],
      complete: true,
      problems: [],
      warnings: [],
    });
  });

  it('counts reruns that stay red as tries', () => {
    const [one] = parseJUnit(
      suite('<testcase name="a"><failure message="x">1</failure><rerunFailure message="x">2</rerunFailure></testcase>'),
    ).cases;
    expect(one).toMatchObject({ status: 'failed', tries: 2 });
  });

  it('reads the status attributes of tools without child elements', () => {
    expect(
      brief(
        suite(
          '<testcase name="a" status="run"/><testcase name="b" status="notrun"/><testcase name="c" status="fail"/><testcase name="d" status="run" result="skipped"/>',
        ),
      ),
    ).toEqual(['s › a › passed', 's › b › skipped', 's › c › failed', 's › d › skipped']);
  });

  it('keeps a suite that failed as a whole', () => {
    const report = parseJUnit(suite('<error message="no database">stack</error><testcase name="a"/>'));
    expect(report.failures).toEqual([{ message: 's: no database', stack: 'stack' }]);
    expect(report.cases.length).toBe(1);
  });

  it.each([
    ['3.2.5', 'TEST-shop.CartTest$WhenEmpty$AndClosed.xml', 0],
    ['3.5.4', 'TEST-shop.CartTest.xml', 1],
  ])('reads what Surefire %s writes about nested classes', async (version, name, warnings) => {
    const report = await readJUnit(join(SUREFIRE, `surefire-${version}`, name));
    expect(report.cases.length).toBe(14);
    expect(report.cases.filter(({ status }) => status === 'failed').length).toBe(4);
    expect([report.complete, report.problems, report.warnings.length]).toEqual([true, [], warnings]);
  });
});

describe('JUnit XML that lies or is dirty', () => {
  it('counts cases, not headers, and says that they differ', () => {
    const report = parseJUnit(
      '<testsuite name="s" tests="10" failures="0"><testcase name="a"><failure/></testcase><testcase name="b"/></testsuite>',
    );
    expect(report.cases.map(({ status }) => status)).toEqual(['failed', 'passed']);
    expect(report.warnings).toEqual([
      'suite s announces 10 tests with 0 red, but holds 2 with 1 red; the cases were counted',
    ]);
    expect(report.complete).toBe(true);
  });

  it.each(['NaN', '-1', '1e308', '1,234.5', 'Infinity', '', ' ', '0x10', '12abc'])(
    'takes a duration of "%s" as unknown',
    (time) => {
      expect(parseJUnit(suite(`<testcase name="a" time="${time}"/>`)).cases[0]!.ms).toBeUndefined();
    },
  );

  it('removes colours and control characters, counts the same, and says what it removed', () => {
    const report = parseJUnit(
      suite(
        '<testcase name="a\u001b[1m b"><failure message="\u001b[31mred\u001b[0m&#27;[2m\u0000">x\u0007y&#0;z</failure></testcase><testcase name="c"/>',
      ),
    );
    expect(report.cases.map(({ name, message, stack, note }) => ({ name, message, stack, note }))).toEqual([
      { name: 'a b', message: 'red', stack: 'xyz', note: '7 illegal characters were removed from the report' },
      { name: 'c', message: undefined, stack: undefined, note: undefined },
    ]);
    expect([report.complete, report.problems]).toEqual([true, []]);
  });

  it('cuts what is too long, with a mark', () => {
    const report = parseJUnit(
      suite(
        `<testcase name="${'n'.repeat(2_000_000)}"><failure message="m">${'f'.repeat(10_000_000)}</failure></testcase>`,
      ),
    );
    const [one] = report.cases;
    expect(one!.name.length).toBeLessThanOrEqual(2048);
    expect(one!.name).toContain('characters cut');
    expect(one!.stack!.length).toBeLessThanOrEqual(32 * 1024);
    expect(one!.stack).toContain('characters cut');
  });

  it('forgives blank lines before the declaration and CRLF', () => {
    const report = parseJUnit(
      '\n\r\n  <?xml version="1.0"?>\r\n<testsuite>\r\n<testcase name="a"/>\r\n</testsuite>\r\n',
    );
    expect([report.cases.length, report.complete, report.problems]).toEqual([1, true, []]);
  });

  it.each([
    [
      'an unclosed element',
      '<testsuite><testcase name="a"/><testcase name="b"><failure></testcase></testsuite>',
      2,
      /unexpected close tag/,
    ],
    ['an unknown entity', '<testsuite><testcase name="a&nbsp;b"/></testsuite>', 1, /undefined entity/],
    [
      'two roots',
      '<testsuite><testcase name="a"/></testsuite><testsuite><testcase name="b"/></testsuite>',
      2,
      /only one root/,
    ],
    ['another root', '<html><testcase name="a"/></html>', 0, /root element is <html>/],
    ['words', 'Tests passed: 3', 0, /text data outside of root/],
  ])('keeps the cases of a file with %s, and calls it corrupt with its place', (_, xml, cases, words) => {
    const report = parseJUnit(xml);
    expect(report.cases.length).toBe(cases);
    expect(report.problems.join('\n')).toMatch(words);
    expect(report.problems[0]).toMatch(/^\d+:\d+: /);
  });
});

describe('JUnit XML that attacks', () => {
  const bomb = `<?xml version="1.0"?><!DOCTYPE t [<!ENTITY a "ha"><!ENTITY b "${'&a;'.repeat(1000)}"><!ENTITY x SYSTEM "file:///etc/hostname">]>`;

  it('expands no entity and reads no file', () => {
    const report = parseJUnit(
      `${bomb}<testsuite><testcase name="a"><failure message="&b;&x;"/></testcase></testsuite>`,
    );
    expect(report.cases[0]!.message).toBe('&b;&x;');
    expect(report.problems.join()).toContain('declares entities');
  });

  it.each([
    ['depth', `<testsuite>${'<a>'.repeat(100_000)}`, 'nested deeper than 100'],
    [
      'attributes',
      `<testsuite ${Array.from({ length: 200_000 }, (_, i) => `a${i}="1"`).join(' ')}/>`,
      'more than 1000 attributes',
    ],
  ])('stops at too much %s within two seconds', (_, xml, words) => {
    const began = performance.now();
    const report = parseJUnit(xml);
    expect(performance.now() - began).toBeLessThan(2000);
    expect(report.problems.join()).toContain(words);
    expect(report.complete).toBe(false);
  });

  it('stops at too many cases', () => {
    const report = parseJUnit(`<testsuite>${'<testcase name="a"/>'.repeat(200_001)}</testsuite>`);
    expect([report.cases.length, report.complete, report.problems[0]]).toEqual([
      200_000,
      false,
      expect.stringContaining('more than 200000 cases'),
    ]);
  });

  it('survives any text without throwing, and is complete only with a closed root', () => {
    const piece = fc.constantFrom(
      '<testsuite>',
      '</testsuite>',
      '<testcase name="a">',
      '</testcase>',
      '<failure>',
      '</failure>',
      '<![CDATA[',
      ']]>',
      '<!--',
      '&',
      '"',
      '\u0000',
      'text',
      '<?xml',
      '?>',
      '/>',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join('');
        const report = parseJUnit(text);
        if (report.complete && report.problems.length === 0) expect(text).toMatch(/<\/testsuite>|\/>/);
      }),
      { numRuns: 500 },
    );
  });
});

describe('JUnit XML cut short', () => {
  const whole = parseJUnit(nested);
  const end = nested.lastIndexOf('</testsuite>') + '</testsuite>'.length - 1;

  it('never yields more than the whole, never something else, and is never complete', () => {
    expect([whole.cases.length, whole.complete]).toEqual([14, true]);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: end }), (offset) => {
        const cut = parseJUnit(nested.slice(0, offset));
        expect(cut.complete).toBe(false);
        expect(cut.problems).toEqual([]);
        expect(cut.cut).toMatch(/report (stops inside|is empty)/);
        expect(cut.cases).toEqual(whole.cases.slice(0, cut.cases.length));
      }),
      { numRuns: 100 },
    );
  });

  it('keeps every case that was closed before the cut', () => {
    const at = nested.indexOf('name="hasNoItems"') + 10;
    expect(parseJUnit(nested.slice(0, at)).cases.length).toBe(12);
  });
});

describe('JUnit XML files', () => {
  let dir: string;
  const file = (name: string): string => join(dir, name);
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'baton-junit-'));
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  const xml = (encoding: string): string =>
    `<?xml version="1.0" encoding="${encoding}"?><testsuite><testcase name="Größe"/></testsuite>`;
  it.each([
    ['utf-8', Buffer.from(xml('UTF-8'))],
    ['utf-8 with a byte order mark', Buffer.from(`\uFEFF${xml('UTF-8')}`)],
    ['latin-1', Buffer.from(xml('ISO-8859-1'), 'latin1')],
    ['utf-16 with a byte order mark', Buffer.from(`\uFEFF${xml('UTF-16')}`, 'utf16le')],
    ['utf-16 without one', Buffer.from(xml('UTF-16'), 'utf16le')],
    ['big-endian utf-16', Buffer.from(`\uFEFF${xml('UTF-16')}`, 'utf16le').swap16()],
    ['utf-8 that is declared utf-16', Buffer.from(xml('UTF-16'))],
    ['utf-8 with an unknown declaration', Buffer.from(xml('klingon'))],
  ])('are read in %s', async (_, bytes) => {
    writeFileSync(file('encoded.xml'), bytes);
    const report = await readJUnit(file('encoded.xml'));
    expect(report.cases.map(({ name }) => name)).toEqual(['Größe']);
    expect([report.complete, report.problems]).toEqual([true, []]);
  });

  it('are refused when they are links, pipes, directories, or too large, and never waited for', async () => {
    writeFileSync(file('real.xml'), suite(''));
    symlinkSync(file('real.xml'), file('link.xml'));
    execFileSync('mkfifo', [file('pipe.xml')]);
    writeFileSync(file('sparse.xml'), '');
    truncateSync(file('sparse.xml'), 5 * 1024 ** 3);
    await expect(readJUnit(file('link.xml'))).rejects.toThrow('symbolic link');
    await expect(readJUnit(file('pipe.xml'))).rejects.toThrow('not a regular file');
    await expect(readJUnit(dir)).rejects.toThrow('not a regular file');
    await expect(readJUnit(file('sparse.xml'))).rejects.toThrow('more than the limit');
    await expect(readJUnit(file('missing.xml'))).rejects.toThrow('ENOENT');
  });
});
