/** The API on the real ledger and the real artifact store: one execution from its start to its history, as others see it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diskArtifacts } from '../../adapters/artifacts/disk.js';
import { batonClient } from '../../adapters/http/baton-client.js';
import { httpRunnerApi } from '../../adapters/http/runner-api.js';
import { API_LIMITS } from '../../domain/api.schema.js';
import type { BatonEvent } from '../../domain/events.js';
import { testId } from '../../domain/identity.js';
import type { ResultRow, TestResult } from '../../domain/result.schema.js';
import { anEvidence, aPlan } from '../support/builders.js';
import { openTestLedger, type TestLedger } from '../support/ledger.js';
import { openApi, RUNNER_TOKEN } from './support/api.js';
import { listenAt } from './support/live.js';

let store: TestLedger;
let dir: string;
let on: Awaited<ReturnType<typeof openApi>>;
beforeAll(async () => {
  store = await openTestLedger();
  dir = await mkdtemp(join(tmpdir(), 'baton-api-'));
  on = await openApi({ ledger: store.ledger, artifacts: diskArtifacts(dir), dataDir: dir, minFreeBytes: 1 });
});
afterAll(async () => {
  await on?.close();
  await store?.close();
  await rm(dir, { recursive: true, force: true });
});

const row = (name: string, status: ResultRow['status'] = 'passed'): ResultRow => ({
  testId: testId({ suite: 'unit', file: 'a.test.ts', path: [name] }),
  occurrence: 1,
  attempt: 1,
  kind: 'test',
  suite: 'unit',
  file: 'a.test.ts',
  path: [name],
  params: null,
  status,
  tries: 1,
  durationMs: 2,
  startedAt: 1_700_000_000_000,
  note: null,
  message: status === 'failed' ? 'expected 1, got 2' : null,
  stack: null,
  expected: null,
  actual: null,
  line: 3,
  column: null,
  stdout: null,
  stderr: null,
});

const counted = ({
  testId,
  occurrence,
  kind,
  suite,
  file,
  path,
  status,
  durationMs,
  message,
}: ResultRow): TestResult => ({
  testId,
  occurrence,
  kind,
  suite,
  file,
  name: path.join(' › '),
  path,
  status,
  durationMs,
  attempts: 1,
  message,
  runner: 'r1',
  batch: 'b1',
});

describe('one execution', () => {
  it('is started, planned, recorded, judged, listened to and read, all over HTTP', async () => {
    const client = batonClient({ baseUrl: on.url });
    const runner = httpRunnerApi({ baseUrl: on.url, token: RUNNER_TOKEN });
    const { id } = await client.startRun({ source: { kind: 'directory', dir: '/srv/shop' } }, 'push-1');
    expect((await client.startRun({ source: { kind: 'directory', dir: '/srv/shop' } }, 'push-1')).id).toBe(id);

    const seen: BatonEvent[] = [];
    const following = (async () => {
      for await (const event of client.events(id, new AbortController().signal)) seen.push(event);
    })();

    const digest = await runner.storePlan(id, aPlan({ b1: ['a.test.ts'] }));
    expect(await runner.plan(digest)).toMatchObject({ version: 1, project: 'shop' });
    const first = await runner.beginBatch(id, 'b1', 'r0');
    const { fence, secret } = await runner.beginBatch(id, 'b1', 'r1');
    const rows = [row('adds'), row('removes', 'failed')];
    const end = { file: 'a.test.ts', status: 'failed' as const, tests: 2, durationMs: 4 };
    await expect(
      runner.record({
        execution: id,
        batch: 'b1',
        fence: first.fence,
        runner: 'r0',
        secret: first.secret,
        seq: 1,
        results: rows,
        fileEnds: [end],
      }),
    ).rejects.toMatchObject({ name: 'FenceRefused' });
    const chunk = { execution: id, batch: 'b1', fence, runner: 'r1', secret, seq: 1, results: rows, fileEnds: [end] };
    for (const wrong of [{ secret: first.secret }, { secret: undefined }, { runner: 'r0' }])
      await expect(runner.record({ ...chunk, ...wrong })).rejects.toMatchObject({ name: 'HttpProblem' });
    await runner.record(chunk);
    await runner.record(chunk);
    const log = await runner.upload(id, 'b1.1/output.log', 'text/plain', Buffer.from('two tests\n'));
    const evidence = { ...anEvidence('failed', 'one failed'), tests: 2, failed: 1 };
    await expect(runner.finishBatch(id, 'b1', fence, 'r1', evidence, 5, first.secret)).rejects.toMatchObject({
      problem: { status: 403, type: 'urn:baton:problem:ticket-refused' },
    });
    const summary = await runner.finishBatch(id, 'b1', fence, 'r1', evidence, 5, secret);
    expect(summary).toMatchObject({ batch: 'b1', outcome: 'failed', tests: 2, failed: 1, fence });

    const totals = { passed: 1, failed: 1, skipped: 0, flaky: 0, notRun: 0 };
    await store.ledger.storeVerdict(
      id,
      { verdict: 'failed', totals, problem: null, notes: [], sentence: '1 of 2 failed' },
      rows.map(counted),
    );
    await store.ledger.finishRun(id);
    await following;

    expect(seen.map(({ seq }) => seq)).toEqual(seen.map((_, i) => i + 1));
    expect(seen.map(({ type }) => type)).toEqual(
      expect.arrayContaining([
        'run_accepted',
        'run_planned',
        'batch_started',
        'results_recorded',
        'test_failed',
        'batch_finished',
        'run_finished',
      ]),
    );
    expect(seen).toEqual(await store.ledger.events(0, 1000, id));

    expect(await client.run(id)).toMatchObject({ status: 'finished', verdict: 'failed', totals });
    expect((await client.results(id)).items.map(({ name, status }) => [name, status]).sort()).toEqual([
      ['adds', 'passed'],
      ['removes', 'failed'],
    ]);
    expect((await client.results(id, { name: 'REMO' })).items).toHaveLength(1);
    expect((await client.results(id, { status: 'failed', suite: 'unit', file: 'a.test.ts' })).items).toEqual([
      counted(rows[1]!),
    ]);
    const page = await client.results(id, { limit: 1 });
    expect((await client.results(id, { limit: 1, cursor: page.nextCursor! })).nextCursor).toBeNull();
    expect((await client.batches(id)).items).toMatchObject([
      { batch: 'b1', state: 'final', fence, runner: 'r1', evidence: { outcome: 'failed' } },
    ]);
    expect((await client.attempts(id, rows[1]!.testId)).items).toMatchObject([
      { status: 'failed', fence, superseded: false },
    ]);
    expect((await client.history('shop', rows[1]!.testId)).items).toMatchObject([{ execution: id, status: 'failed' }]);
    expect((await client.artifacts(id)).items.map(({ name }) => name).sort()).toEqual(['b1.1/output.log', 'plan.json']);
    expect(Buffer.from(await client.artifact(id, 'b1.1/output.log')).toString()).toBe('two tests\n');
    expect(log).toMatch(/^sha256:/);
    const part = await fetch(`${on.url}/api/runs/${id}/artifacts/b1.1/output.log`, { headers: { Range: 'bytes=4-8' } });
    expect([part.status, await part.text()]).toEqual([206, 'tests']);
    await expect(client.cancel(id)).rejects.toMatchObject({ status: 409 });
    await expect(client.runs({ cursor: 'nonsense' })).rejects.toMatchObject({ status: 400 });
    await expect(client.results('run_unknown')).rejects.toMatchObject({ status: 404 });
    expect(await client.ready()).toMatchObject({ status: 'ready' });
  });
});

describe('limits', () => {
  it('a chunk of the largest size passes, a larger one is refused and stores nothing', async () => {
    const client = batonClient({ baseUrl: on.url });
    const runner = httpRunnerApi({ baseUrl: on.url, token: RUNNER_TOKEN });
    const { id } = await client.startRun({ source: { kind: 'directory', dir: '/srv/large' } });
    await runner.storePlan(id, aPlan({ b1: ['a.test.ts'] }));
    const { fence, secret } = await runner.beginBatch(id, 'b1', 'r1');
    const chunk = (seq: number, chars: number) => ({
      execution: id,
      batch: 'b1',
      fence,
      runner: 'r1',
      secret,
      seq,
      results: Array.from({ length: 100 }, (_, i) => ({ ...row(`test ${seq} ${i}`), stdout: 'x'.repeat(chars) })),
      fileEnds: [],
    });
    await runner.record(chunk(1, Math.floor(API_LIMITS.ingestBodyBytes / 100) - 1000));
    await expect(runner.record(chunk(2, Math.floor(API_LIMITS.ingestBodyBytes / 100)))).rejects.toMatchObject({
      status: 413,
    });
    expect(await store.ledger.attempts(id)).toHaveLength(100);
  });

  it('hostile text is stored as text', async () => {
    const client = batonClient({ baseUrl: on.url });
    for (const dir of ['\u0000nul', '\ud800 lone']) {
      await expect(client.startRun({ source: { kind: 'directory', dir } })).rejects.toMatchObject({ status: 400 });
      expect((await client.runs({ branch: dir, commit: dir })).items).toEqual([]);
    }
    const texts = ["'; DROP TABLE runs; --", '<script>alert(1)</script>', '__proto__', '{{7*7}}', '../../etc/passwd'];
    for (const dir of texts) {
      const run = await client.startRun({ source: { kind: 'directory', dir } });
      expect((await client.run(run.id)).id).toBe(run.id);
      expect((await client.results(run.id, { name: dir, file: dir })).items).toEqual([]);
      expect((await client.runs({ branch: dir, commit: dir })).items).toEqual([]);
    }
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('many clients', () => {
  it('200 listeners hear all events of the database, in order, each once, also those who come late', async () => {
    const early = await Promise.all(Array.from({ length: 100 }, () => listenAt(on.url)));
    await Promise.all(early.map((ear) => ear.ask({ type: 'subscribe', after: 0 }, 'subscribed')));
    const late: typeof early = [];
    for (let i = 0; i < 100; i++) {
      await store.ledger.appendEvent(
        { type: 'worker_status_changed', payload: { worker: `r${i}`, status: 'online' } },
        { execution: null, project: null },
      );
      const ear = await listenAt(on.url);
      ear.say({ type: 'subscribe', after: 0 });
      late.push(ear);
    }
    const all = await store.ledger.events(0, 10_000);
    await Promise.all([...early, ...late].map((ear) => ear.until(() => ear.events().length >= all.length, 20_000)));
    for (const ear of [...early, ...late]) {
      expect(ear.events()).toEqual(all);
      ear.socket.terminate();
    }
  });
});
