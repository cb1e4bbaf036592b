/** The page that `report_generator.generate_html_report` writes: what its settings put in and leave out. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { htmlReport } from '../../activities/definitions/report.js';
import { aResult, anExecution, aRow, aChunk, anEnd, finish } from '../adapters/store/scenario.js';
import { MemoryArtifacts } from '../api/support/memory-artifacts.js';
import { openTestLedger, type TestLedger } from '../support/ledger.js';

const PIXEL = Buffer.from('iVBORw0KGgo=', 'base64');
const WORKFLOW = 'wf_reported';
let opened: TestLedger;
const artifacts = new MemoryArtifacts();

beforeAll(async () => {
  opened = await openTestLedger();
  const { ledger } = opened;
  const run = await anExecution(ledger, { b1: ['a.test.ts'] });
  await ledger.beginBatch(run, 'b1', 'runner-1');
  const results = [aRow('a.test.ts', 'adds'), aRow('a.test.ts', 'divides', 'failed')];
  await ledger.record(aChunk(run, { results, fileEnds: [anEnd('a.test.ts', 2)] }));
  await finish(ledger, run, 1, 'failed');
  for (const [name, mediaType] of [
    ['shot.png', 'image/png'],
    ['film.webm', 'video/webm'],
  ] as const)
    await ledger.addArtifact(run, { name, mediaType, ...(await artifacts.put(PIXEL)) });
  const totals = { passed: 1, failed: 1, skipped: 0, flaky: 0, notRun: 0 };
  const verdict = { verdict: 'failed', totals, problem: null, notes: [], sentence: '1 failed' } as const;
  const counted = [aResult('a.test.ts', 'adds', 'passed'), aResult('a.test.ts', 'divides', 'failed')];
  await ledger.storeVerdict(run, verdict, counted);
  await ledger.finishRun(run);
  await ledger.executions.create({
    id: WORKFLOW,
    workflow: 'nightly',
    params: {},
    subject: {},
    parent: null,
    project: 'shop',
    principal: 'ann',
    trust: 'trusted',
  });
  const step = { execution: WORKFLOW, attempt: 1, step: 'smoke', item: -1, try: 1 };
  await ledger.definitions.recordSteps([{ ...step, status: 'succeeded', outputs: { run } }]);
});
afterAll(() => opened?.close());

async function page(settings: Record<string, string | boolean>): Promise<string> {
  const { ledger } = opened;
  const write = htmlReport({ definitions: ledger.definitions, ledger, artifacts });
  const call = { execution: WORKFLOW, attempt: 1, step: 'report', item: -1, try: 1 } as const;
  const outputs = await write(
    {
      ...call,
      role: 'report_generator',
      action: 'generate_html_report',
      with: settings,
      timeoutMs: 1000,
      workflow: 'nightly',
      environment: 'staging',
      project: 'shop',
      principal: 'ann',
      trust: 'trusted',
    },
    new AbortController().signal,
  );
  return Buffer.from(await artifacts.get(String(outputs['digest']))).toString('utf8');
}

it('screenshots and videos are part of it unless they are switched off', async () => {
  const both = await page({});
  expect([both.includes('src="data:image/png;base64,'), both.includes('film.webm')]).toEqual([true, true]);
  const noPictures = await page({ include_screenshots: false });
  expect([noPictures.includes('<img'), noPictures.includes('film.webm')]).toEqual([false, true]);
  const noVideos = await page({ include_videos: false });
  expect([noVideos.includes('<img'), noVideos.includes('film.webm')]).toEqual([true, false]);
});

it('`detailed` adds a section for each test; otherwise only what is not green is named', async () => {
  const cards = (html: string): number => html.match(/<article class="test"/g)?.length ?? 0;
  const detailed = await page({ template: 'detailed' });
  expect([cards(detailed), detailed.includes('adds')]).toEqual([2, true]);
  const summary = await page({ template: 'summary' });
  expect([cards(summary), summary.includes('divides'), summary.includes('adds')]).toEqual([0, true, false]);
});

it('opens offline: it loads nothing, and may not', async () => {
  const html = await page({ template: 'detailed' });
  expect(html).toContain(`content="default-src 'none'; img-src data:; style-src 'sha256-`);
  expect(html).not.toMatch(/<(?:script|link|iframe|object|video)\b|src="(?!data:)|url\(/);
});
