import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpProblem } from '../../adapters/http/problem.js';
import { httpRunnerApi } from '../../adapters/http/runner-api.js';
import { API_LIMITS } from '../../domain/api.schema.js';
import { FenceRefused, type IngestChunk, NotFound } from '../../domain/ports.js';
import type { StartRun } from '../../domain/run.schema.js';
import { anEvidence, aPlan } from '../support/builders.js';
import { openApi, RUNNER_TOKEN } from './support/api.js';
import { openProxy } from './support/flaky-proxy.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const START: StartRun = {
  source: { kind: 'directory', dir: '/srv/shop' },
  options: { bail: false },
  priority: 'medium',
};

async function open(change: Partial<Parameters<typeof httpRunnerApi>[0]> = {}) {
  const on = await openApi();
  closing.push(on.close);
  await on.ledger.createRun('run_1', START, { principal: 'local', project: 'shop', trust: 'trusted' });
  const proxy = await openProxy(on.port);
  closing.push(proxy.shut);
  const api = httpRunnerApi({ baseUrl: proxy.url, token: RUNNER_TOKEN, ...change });
  return { on, proxy, api };
}

const row = (name: string) => ({
  testId: name.padEnd(24, '0'),
  occurrence: 1,
  attempt: 1,
  kind: 'test' as const,
  suite: 'unit',
  file: 'a.test.ts',
  path: [name],
  params: null,
  status: 'passed' as const,
  tries: 1,
  durationMs: 1.5,
  startedAt: 1_700_000_000_000,
  note: null,
  message: null,
  stack: null,
  expected: null,
  actual: null,
  line: null,
  column: null,
  stdout: 'ünï ›',
  stderr: null,
});
const chunk = (fence: number, seq = 1): IngestChunk => ({
  execution: 'run_1',
  batch: 'b1',
  fence,
  runner: 'r1',
  secret: `secret-of-run_1-b1-${fence}`,
  seq,
  results: [row('one'), row('two')],
  fileEnds: [{ file: 'a.test.ts', status: 'passed', tests: 2, durationMs: 3 }],
});

describe('the way of a batch', () => {
  it('goes over HTTP as it would go to the ledger itself', async () => {
    const { on, api } = await open();
    expect(await api.run('run_1')).toEqual(on.ledger.byId.get('run_1'));
    expect(await api.planDigest('run_1')).toBeNull();
    const plan = aPlan({ b1: ['a.test.ts'] });
    const digest = await api.storePlan('run_1', plan);
    expect(digest).toMatch(/^sha256:/);
    expect(await api.planDigest('run_1')).toBe(digest);
    expect(await api.plan(digest)).toEqual(plan);
    expect(await on.ledger.artifacts('run_1')).toEqual([
      { name: 'plan.json', digest, bytes: expect.any(Number), mediaType: 'application/json' },
    ]);
    expect(await api.storePlan('run_1', aPlan({ b9: ['z.test.ts'] }))).toBe(digest);
    expect(await api.planningFacts('run_1', 'own-name')).toEqual({
      project: 'own-name',
      durations: [{ suite: 'unit', file: 'a.test.ts', meanMs: 12, samples: 3 }],
      traits: [{ suite: 'unit', serial: true, reason: 'failed side by side' }],
      lanes: 2,
    });
    const ticket = await api.beginBatch('run_1', 'b1', 'r1');
    expect(ticket).toEqual({
      final: null,
      fence: 1,
      batch: plan.batches[0],
      filesDone: [],
      secret: 'secret-of-run_1-b1-1',
    });
    await api.record(chunk(1));
    expect(on.ledger.chunks).toEqual([chunk(1)]);
    const summary = await api.finishBatch(
      'run_1',
      'b1',
      1,
      'r1',
      anEvidence('passed', 'fine'),
      12.5,
      'secret-of-run_1-b1-1',
    );
    expect(summary).toEqual({
      batch: 'b1',
      outcome: 'passed',
      tests: 1,
      failed: 0,
      durationMs: 12.5,
      fence: 1,
      message: 'fine',
    });
  });

  it('tells a zombie that it was taken over, and does not try again', async () => {
    const { on, api } = await open();
    await api.storePlan('run_1', aPlan({ b1: ['a.test.ts'] }));
    await api.beginBatch('run_1', 'b1', 'r1');
    await api.beginBatch('run_1', 'b1', 'r2');
    const refused = await api.record(chunk(1)).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(FenceRefused);
    expect((refused as Error).message).toBe(
      'attempt 1 of batch b1 was taken over by attempt 2: its results are not counted',
    );
    await expect(
      api.finishBatch('run_1', 'b1', 1, 'r1', anEvidence(), 1, 'secret-of-run_1-b1-1'),
    ).rejects.toBeInstanceOf(FenceRefused);
    expect(on.ledger.chunks).toEqual([]);
  });

  it('says what is not there, and what is not valid, at once', async () => {
    const { api } = await open();
    await expect(api.run('run_x')).rejects.toBeInstanceOf(NotFound);
    await expect(api.plan(`sha256:${'0'.repeat(64)}`)).rejects.toBeInstanceOf(NotFound);
    await expect(api.beginBatch('run_1', 'b7', 'r1')).rejects.toBeInstanceOf(NotFound);
    const invalid = await api.record({ ...chunk(1), extra: true } as IngestChunk).catch((error: unknown) => error);
    expect(invalid).toBeInstanceOf(HttpProblem);
    expect((invalid as HttpProblem).status).toBe(400);
  });

  it('refuses the token of somebody else', async () => {
    const { api } = await open({ token: 'another-token-0123456789' });
    await expect(api.run('run_1')).rejects.toMatchObject({ name: 'HttpProblem', status: 401 });
  });
});

describe('uploads', () => {
  it('are streamed to the store and named', async () => {
    const { on, api } = await open();
    const bytes = Buffer.alloc(3_000_000, 'output ');
    const digest = await api.upload('run_1', 'b1.1/output.log', 'text/plain', bytes);
    expect(on.artifacts.kept.get(digest)?.equals(bytes)).toBe(true);
    expect(await on.ledger.artifacts('run_1')).toEqual([
      { name: 'b1.1/output.log', digest, bytes: bytes.length, mediaType: 'text/plain' },
    ]);
    // JSON is a file like any other here, and is not taken for a body.
    await api.upload('run_1', 'b1.1/result.json', 'application/json', Buffer.from('{"a":'));
    await expect(api.upload('run_1', 'b1.1/../../x', 'text/plain', bytes)).rejects.toThrow(
      '"b1.1/../../x" is no name for an artifact',
    );
    await expect(api.upload('run_1', 'report.html', 'text/html', bytes)).rejects.toMatchObject({ status: 400 });
    await expect(api.upload('run_x', 'output.log', 'text/plain', bytes)).rejects.toBeInstanceOf(NotFound);
  });

  it('end at 64 MiB, announced or not', async () => {
    const { on } = await open();
    const url = `${on.url}/api/ingest/runs/run_1/artifacts/big.bin`;
    const headers = { Authorization: `Bearer ${RUNNER_TOKEN}`, 'Content-Type': 'application/octet-stream' };
    const piece = Buffer.alloc(1024 * 1024);
    const body = new ReadableStream({
      start: (controller) => {
        for (let i = 0; i < API_LIMITS.uploadBytes / piece.length + 1; i++) controller.enqueue(piece);
        controller.close();
      },
    });
    const answer = await fetch(url, { method: 'PUT', headers, body, duplex: 'half' } as RequestInit).then(
      (got) => got.status,
      () => 'cut',
    );
    expect([413, 'cut']).toContain(answer);
    expect(on.artifacts.kept.size).toBe(0);
    expect(await on.ledger.artifacts('run_1')).toEqual([]);
  });
});

describe('while the API is away', () => {
  it('repeats until it is answered, and the ledger has it once', async () => {
    const { on, proxy, api } = await open();
    await api.storePlan('run_1', aPlan({ b1: ['a.test.ts'] }));
    await api.beginBatch('run_1', 'b1', 'r1');
    await proxy.shut();
    const sending = api.record(chunk(1));
    await new Promise((resolve) => setTimeout(resolve, 400));
    await proxy.open();
    await sending;
    expect(on.ledger.chunks).toEqual([chunk(1)]);
  });

  it('sends again what was stored while the answer was lost', async () => {
    const { on, proxy, api } = await open();
    await api.storePlan('run_1', aPlan({ b1: ['a.test.ts'] }));
    await api.beginBatch('run_1', 'b1', 'r1');
    proxy.loseAnswers(2);
    await api.record(chunk(1, 5));
    // The same chunk, with the same number: the ledger counts it once.
    expect(on.ledger.chunks).toEqual([chunk(1, 5), chunk(1, 5), chunk(1, 5)]);
  });

  it('waits as long as Retry-After says', async () => {
    const times: number[] = [];
    const server = createServer((_req, res) => {
      times.push(performance.now());
      if (times.length === 1) res.writeHead(503, { 'Retry-After': '1', 'Content-Type': 'text/plain' }).end('later');
      else res.writeHead(200, { 'Content-Type': 'application/json' }).end('{"planDigest":null}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => server.close());
    const api = httpRunnerApi({
      baseUrl: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
      token: 'x',
    });
    expect(await api.planDigest('run_1')).toBeNull();
    expect(times[1]! - times[0]!).toBeGreaterThan(990);
  });

  it('ends at once when it is told to, and after its limit by itself', async () => {
    const { proxy } = await open();
    await proxy.shut();
    const away = { baseUrl: proxy.url, token: 'x' };
    const stop = new AbortController();
    const waiting = httpRunnerApi({ ...away, signal: stop.signal }).run('run_1');
    setTimeout(() => stop.abort(new Error('cancelled by Temporal')), 50);
    await expect(waiting).rejects.toThrow('cancelled by Temporal');
    await expect(httpRunnerApi({ ...away, giveUpAfterMs: 150 }).run('run_1')).rejects.toMatchObject({
      name: 'ProjectProblem',
      problem: 'StoreUnavailable',
      message: expect.stringContaining(`${proxy.url} does not answer`),
    });
  });

  it('says at once when the address itself is wrong', async () => {
    for (const baseUrl of ['http://127.0.0.1:9', 'nonsense', 'ftp://127.0.0.1']) {
      await expect(httpRunnerApi({ baseUrl, token: 'x' }).run('run_1')).rejects.toMatchObject({
        problem: 'ConfigInvalid',
        message: expect.stringContaining(baseUrl),
      });
    }
  });

  it('gives up a try that is never answered', async () => {
    let asked = 0;
    const server = createServer((_req, res) => {
      if (++asked > 1) res.writeHead(200, { 'Content-Type': 'application/json' }).end('{"planDigest":null}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => server.close());
    const api = httpRunnerApi({
      baseUrl: `http://127.0.0.1:${(server.address() as { port: number }).port}`,
      token: 'x',
      timeoutMs: 100,
    });
    expect(await api.planDigest('run_1')).toBeNull();
    expect(asked).toBe(2);
  });
});
