import fc from 'fast-check';
import { SaxesParser } from 'saxes';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { toCtrf } from '../../../domain/report/ctrf.js';
import { toHtml } from '../../../domain/report/html.js';
import { toJson } from '../../../domain/report/json.js';
import { toJUnit } from '../../../domain/report/junit.js';
import { buildReport, countTotals, sumTotals } from '../../../domain/report/model.js';
import { Report } from '../../../domain/report/report.schema.js';
import { verdictCase } from '../../../domain/report/verdict-case.js';
import type { Totals } from '../../../domain/run.schema.js';
import { anyInput } from './arbitrary.js';
import { CtrfDocument } from './ctrf-shape.js';
import { attempt, input, sample } from './sample.js';

interface Node {
  name: string;
  attributes: Record<string, string>;
  children: Node[];
  text: string;
}

function parseXml(xml: string): Node {
  const root: Node = { name: '', attributes: {}, children: [], text: '' };
  const open = [root];
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', (tag) => {
    const node: Node = { name: tag.name, attributes: tag.attributes as Record<string, string>, children: [], text: '' };
    open.at(-1)!.children.push(node);
    open.push(node);
  });
  parser.on('text', (text) => {
    open.at(-1)!.text += text;
  });
  parser.on('closetag', () => void open.pop());
  parser.write(xml).close();
  return root.children[0]!;
}

const named = (node: Node, name: string): Node[] => node.children.filter((c) => c.name === name);
const has = (node: Node, name: string): boolean => named(node, name).length > 0;

function junitTotals(root: Node): Totals {
  const totals = { passed: 0, failed: 0, skipped: 0, flaky: 0, notRun: 0 };
  for (const suite of named(root, 'testsuite')) {
    const cases = named(suite, 'testcase');
    const of = (name: string): number => cases.filter((c) => has(c, name)).length;
    const own = {
      tests: cases.length,
      failures: of('failure'),
      errors: of('error'),
      skipped: of('skipped'),
      flakes: of('flakyFailure'),
    };
    expect(own).toEqual(Object.fromEntries(Object.keys(own).map((k) => [k, Number(suite.attributes[k])])));
    if (suite.attributes['name'] === 'baton') continue;
    totals.failed += own.failures;
    totals.notRun += own.errors;
    totals.skipped += own.skipped;
    totals.flaky += own.flakes;
    totals.passed += own.tests - own.failures - own.errors - own.skipped - own.flakes;
  }
  return totals;
}

describe('for any execution', () => {
  test('every writer counts what the model counts', () => {
    fc.assert(
      fc.property(anyInput, (given) => {
        const report = buildReport(given);
        const { totals } = report;
        const extra = verdictCase(report) === undefined ? 0 : 1;
        expect(countTotals(given.results)).toEqual(totals);
        expect(Report.parse(JSON.parse(toJson(report))).totals).toEqual(totals);

        const junit = parseXml(toJUnit(report));
        expect(junitTotals(junit)).toEqual(totals);
        expect(junit.attributes).toMatchObject({
          tests: String(sumTotals(totals) + extra),
          failures: String(totals.failed),
          errors: String(totals.notRun + extra),
          skipped: String(totals.skipped),
        });

        const { summary, tests } = CtrfDocument.parse(JSON.parse(toCtrf(report))).results;
        const of = (status: string): number => tests.filter((t) => t.status === status).length;
        expect(summary).toMatchObject({
          tests: sumTotals(totals) + extra,
          passed: totals.passed + totals.flaky,
          failed: totals.failed,
          skipped: totals.skipped,
          pending: 0,
          other: totals.notRun + extra,
          flaky: totals.flaky,
        });
        expect([of('passed'), of('failed'), of('skipped'), of('other')]).toEqual([
          summary.passed,
          summary.failed,
          summary.skipped,
          summary.other,
        ]);

        const page = toHtml(report);
        const tiles = Object.fromEntries(
          [...page.matchAll(/data-total="(\w+)" data-value="(\d+)"/g)].map((m) => [m[1], Number(m[2])]),
        );
        expect(tiles).toEqual({ all: sumTotals(totals), ...totals });
        expect(page.match(/<li data-s=/g) ?? []).toHaveLength(sumTotals(totals));
      }),
      { numRuns: 60 },
    );
  });

  test('no report looks green unless the verdict is', () => {
    fc.assert(
      fc.property(anyInput, (given) => {
        const report = buildReport(given);
        const junit = parseXml(toJUnit(report)).attributes;
        const { summary } = CtrfDocument.parse(JSON.parse(toCtrf(report))).results;
        const quiet = Number(junit['failures']) + Number(junit['errors']) === 0;
        if (report.verdict !== 'passed') expect(quiet || summary.failed + summary.other === 0).toBe(false);
      }),
      { numRuns: 100 },
    );
  });
});

const failing = attempt({
  status: 'failed',
  message: 'boom < 3',
  stack: 'Error: boom < 3\n    at x.js:1',
  stdout: 'said\n',
});

test('JUnit: a flaky test passes and keeps each failed try as Surefire writes it', () => {
  const again = attempt({ attempt: 2, stderr: 'warned' });
  const xml = parseXml(toJUnit(buildReport(input([{ attempts: [failing, again], status: 'flaky' }]))));
  const [testcase] = named(named(xml, 'testsuite')[0]!, 'testcase');
  expect(testcase).toEqual({
    name: 'testcase',
    attributes: { name: 'cart › adds', classname: 'unit/test/cart.test.js', time: '0.004', file: 'test/cart.test.js' },
    text: '',
    children: [
      {
        name: 'flakyFailure',
        attributes: { message: 'boom < 3', type: 'failed' },
        text: '',
        children: [
          { name: 'stackTrace', attributes: {}, text: 'Error: boom < 3\n    at x.js:1', children: [] },
          { name: 'system-out', attributes: {}, text: 'said\n', children: [] },
        ],
      },
      { name: 'system-err', attributes: {}, text: 'warned', children: [] },
    ],
  });
});

test('JUnit: a red test has one failure and a rerunFailure for each further try; what did not run is an error', () => {
  const twice = [failing, { ...failing, attempt: 2, message: 'boom again', stack: null, stdout: null }];
  const lost = {
    attempts: [],
    status: 'not_run' as const,
    result: { name: 'b.test.js', message: 'b2: the runner was lost' },
  };
  const xml = parseXml(toJUnit(buildReport(input([{ attempts: twice, status: 'failed' }, lost]))));
  const cases = named(named(xml, 'testsuite')[0]!, 'testcase');
  expect(cases.map((c) => c.children.map((n) => [n.name, n.attributes, n.text]))).toEqual([
    [
      ['failure', { message: 'boom < 3', type: 'failed' }, 'Error: boom < 3\n    at x.js:1'],
      ['rerunFailure', { message: 'boom again', type: 'failed' }, ''],
    ],
    [['error', { type: 'not_run', message: 'b2: the runner was lost' }, 'b2: the runner was lost']],
  ]);
});

test('CTRF: a flaky test lists its attempts', () => {
  const again = attempt({ attempt: 2, runner: 'runner-2', batch: 'b9' });
  const document = CtrfDocument.parse(
    JSON.parse(toCtrf(buildReport(input([{ attempts: [failing, again], status: 'flaky' }])))),
  );
  expect(document.results.tests).toEqual([
    expect.objectContaining({
      id: 'aaaaaaaa-aaaa-8aaa-8aaa-aaaaaa000001',
      name: 'cart › adds',
      status: 'passed',
      rawStatus: 'flaky',
      flaky: true,
      retries: 1,
      suite: ['unit', 'test/cart.test.js', 'cart'],
      retryAttempts: [
        expect.objectContaining({ attempt: 1, status: 'failed', message: 'boom < 3', stdout: ['said'] }),
        expect.objectContaining({ attempt: 2, status: 'passed', extra: { runner: 'runner-2', batch: 'b9' } }),
      ],
    }),
  ]);
});

test('a cancelled execution without a red test says so in its own entry', () => {
  const report = buildReport({
    ...sample(),
    ...input([{ attempts: [attempt({})], status: 'passed' }], { verdict_: 'cancelled' }),
  });
  const suites = named(parseXml(toJUnit(report)), 'testsuite').map((s) => s.attributes['name']);
  expect(suites).toEqual(['unit/test/cart.test.js', 'baton']);
  const last = z
    .object({ name: z.string(), status: z.string(), rawStatus: z.string() })
    .parse(JSON.parse(toCtrf(report)).results.tests.at(-1));
  expect(last).toEqual({ name: 'verdict', status: 'other', rawStatus: 'cancelled' });
});
