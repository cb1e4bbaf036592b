/** What holds for batches, chunks and fences, on any engine. */
import { expect, test } from 'vitest';
import { FenceRefused, NotFound } from '../../../domain/ports.js';
import { aChunk, anEnd, anExecution, aRow, finish, namesOf, type Subject } from './scenario.js';

export function batchBehaviour(subject: () => Subject): void {
  const ledger = () => subject().ledger;

  test('a batch is begun, recorded, finished, and then answers with what it came to', async () => {
    const id = await anExecution(ledger(), { b1: ['a.test.ts', 'b.test.ts'] });
    const ticket = await ledger().beginBatch(id, 'b1', 'runner-1');
    expect(ticket).toMatchObject({
      final: null,
      fence: 1,
      filesDone: [],
      batch: { id: 'b1', files: ['a.test.ts', 'b.test.ts'] },
    });
    await ledger().record(
      aChunk(id, { results: [aRow('a.test.ts', 'one'), aRow('a.test.ts', 'two')], fileEnds: [anEnd('a.test.ts', 2)] }),
    );
    await ledger().record(
      aChunk(id, { seq: 2, results: [aRow('b.test.ts', 'three', 'skipped')], fileEnds: [anEnd('b.test.ts', 1)] }),
    );
    const summary = await finish(ledger(), id, 1);
    expect(summary).toEqual({
      batch: 'b1',
      outcome: 'passed',
      tests: 3,
      failed: 0,
      durationMs: 1234,
      fence: 1,
      message: 'it was passed',
    });
    expect(await finish(ledger(), id, 1, 'failed')).toEqual(summary);
    expect(await ledger().beginBatch(id, 'b1', 'runner-2')).toMatchObject({
      final: summary,
      fence: 1,
      filesDone: ['a.test.ts', 'b.test.ts'],
    });
    expect(await ledger().batches(id)).toMatchObject([
      {
        batch: 'b1',
        state: 'final',
        fence: 1,
        runner: 'runner-1',
        evidence: { outcome: 'passed' },
        filesDone: ['a.test.ts', 'b.test.ts'],
        exclusive: false,
        serial: false,
      },
    ]);
    expect(namesOf(await ledger().attempts(id))).toEqual(['one', 'two', 'three']);
  });

  test('every field of a result comes back as it was sent', async () => {
    const id = await anExecution(ledger(), { b1: ['a.test.ts'] });
    await ledger().beginBatch(id, 'b1', 'runner-1');
    const full = aRow('a.test.ts', 'all', 'failed', {
      ...{
        params: '[1, "x"]',
        occurrence: 2,
        tries: 3,
        durationMs: 1.5,
        startedAt: 1_700_000_000_123.25,
        note: 'todo',
        line: 7,
        column: 0,
      },
      ...{
        path: ['outer', 'ünï "q" \\ \n'],
        message: 'm',
        stack: 's',
        expected: '1',
        actual: '2',
        stdout: 'out',
        stderr: 'err',
      },
    });
    await ledger().record(aChunk(id, { results: [full] }));
    expect(await ledger().attempts(id)).toEqual([{ ...full, batch: 'b1', fence: 1, runner: 'runner-1' }]);
  });

  test('text that no database takes is stored with a mark in its place', async () => {
    const id = await anExecution(ledger(), { b1: ['a.test.ts'] });
    await ledger().beginBatch(id, 'b1', 'runner-1');
    await ledger().record(
      aChunk(id, { results: [aRow('a.test.ts', 'odd', 'failed', { message: 'a\0b \ud800 \\u0000 \u{1F600}' })] }),
    );
    expect((await ledger().attempts(id))[0]?.message).toBe('a\ufffdb \ufffd \\u0000 \u{1F600}');
  });

  test('a chunk that is delivered twice is acknowledged and changes nothing', async () => {
    const id = await anExecution(ledger(), { b1: ['a.test.ts'] });
    await ledger().beginBatch(id, 'b1', 'runner-1');
    const chunk = aChunk(id, { results: [aRow('a.test.ts', 'one', 'failed')], fileEnds: [anEnd('a.test.ts', 1)] });
    await ledger().record(chunk);
    const events = await ledger().events(0, 1000, id);
    await ledger().record(chunk);
    await ledger().record(structuredClone(chunk));
    expect(await ledger().events(0, 1000, id)).toEqual(events);
    expect(await ledger().attempts(id)).toHaveLength(1);
    await finish(ledger(), id, 1, 'failed');
    await ledger().record(chunk);
  });

  test('another chunk under a used number is refused: its results would be lost', async () => {
    const id = await anExecution(ledger(), { b1: ['a.test.ts'] });
    await ledger().beginBatch(id, 'b1', 'runner-1');
    await ledger().record(aChunk(id, { results: [aRow('a.test.ts', 'one')] }));
    await expect(ledger().record(aChunk(id, { results: [aRow('a.test.ts', 'two')] }))).rejects.toThrow(
      'chunk 1 of attempt 1 of batch b1 is stored with other contents',
    );
    expect(namesOf(await ledger().attempts(id))).toEqual(['one']);
  });

  test('a takeover keeps finished files, supersedes the rest, and refuses the zombie', async () => {
    const id = await anExecution(ledger(), { b1: ['a.test.ts', 'b.test.ts'] });
    await ledger().beginBatch(id, 'b1', 'runner-1');
    await ledger().record(
      aChunk(id, {
        results: [aRow('a.test.ts', 'one'), aRow('b.test.ts', 'two', 'failed')],
        fileEnds: [anEnd('a.test.ts', 1)],
      }),
    );
    expect(await ledger().beginBatch(id, 'b1', 'runner-2')).toMatchObject({
      final: null,
      fence: 2,
      filesDone: ['a.test.ts'],
    });

    const late = aChunk(id, { seq: 2, results: [aRow('b.test.ts', 'three')] });
    await expect(ledger().record(late)).rejects.toThrow(new FenceRefused('b1', 1, 2));
    await expect(finish(ledger(), id, 1)).rejects.toThrow(FenceRefused);
    expect(namesOf(await ledger().attempts(id))).toEqual(['one']);

    await ledger().record(
      aChunk(id, {
        fence: 2,
        runner: 'runner-2',
        results: [aRow('b.test.ts', 'two')],
        fileEnds: [anEnd('b.test.ts', 1)],
      }),
    );
    expect(await finish(ledger(), id, 2)).toMatchObject({ outcome: 'passed', tests: 2, failed: 0, fence: 2 });
    const counted = (await ledger().attempts(id)).map(({ path, fence, status }) => ({ path, fence, status }));
    expect(counted).toEqual([
      { path: ['one'], fence: 1, status: 'passed' },
      { path: ['two'], fence: 2, status: 'passed' },
    ]);
    const two = await ledger().attemptsOf(id, aRow('b.test.ts', 'two').testId);
    expect(two.map(({ fence, status, superseded }) => ({ fence, status, superseded }))).toEqual([
      { fence: 1, status: 'failed', superseded: true },
      { fence: 2, status: 'passed', superseded: false },
    ]);
    const states = await subject().query<{ state: string }>(
      `SELECT state FROM results WHERE execution = $1 ORDER BY state`,
      [id],
    );
    expect(states.map((row) => row.state)).toEqual(['final', 'final', 'superseded']);
    const tries = await subject().query(
      `SELECT fence, runner, outcome FROM batch_attempts WHERE execution = $1 ORDER BY fence`,
      [id],
    );
    expect(tries).toEqual([
      { fence: 1, runner: 'runner-1', outcome: 'superseded' },
      { fence: 2, runner: 'runner-2', outcome: 'passed' },
    ]);
  });

  test('results of a file that an older attempt finished are ignored', async () => {
    const id = await anExecution(ledger(), { b1: ['a.test.ts', 'b.test.ts'] });
    await ledger().beginBatch(id, 'b1', 'runner-1');
    await ledger().record(aChunk(id, { results: [aRow('a.test.ts', 'one')], fileEnds: [anEnd('a.test.ts', 1)] }));
    await ledger().beginBatch(id, 'b1', 'runner-2');
    await ledger().record(
      aChunk(id, {
        fence: 2,
        results: [aRow('a.test.ts', 'one', 'failed'), aRow('a.test.ts', 'more')],
        fileEnds: [anEnd('a.test.ts', 2)],
      }),
    );
    expect((await ledger().attempts(id)).map(({ path, fence, status }) => [path[0], fence, status])).toEqual([
      ['one', 1, 'passed'],
    ]);
  });

  test('an error outside tests survives a takeover that runs nothing again', async () => {
    const id = await anExecution(ledger(), { b1: ['a.test.ts'] });
    const error = aRow('a.test.ts', '(error outside tests)', 'failed', { kind: 'file' });
    await ledger().beginBatch(id, 'b1', 'runner-1');
    await ledger().record(aChunk(id, { results: [aRow('a.test.ts', 'one')], fileEnds: [anEnd('a.test.ts', 1)] }));
    await ledger().record(aChunk(id, { seq: 2, results: [error] }));
    await ledger().beginBatch(id, 'b1', 'runner-2');
    await ledger().beginBatch(id, 'b1', 'runner-3');
    await ledger().record(aChunk(id, { fence: 3, results: [error] }));
    await expect(finish(ledger(), id, 3, 'passed')).rejects.toThrow(
      'batch b1 cannot be passed: the ledger holds 1 failed results',
    );
    expect(await finish(ledger(), id, 3, 'failed')).toMatchObject({ outcome: 'failed', tests: 1, failed: 1 });
    expect((await ledger().attempts(id)).map(({ path, fence }) => [path[0], fence])).toEqual([
      ['one', 1],
      ['(error outside tests)', 3],
    ]);
  });

  test('an attempt that saw only passes ends a batch as failed when an older attempt stored failures', async () => {
    const id = await anExecution(ledger(), { b1: ['a.test.ts', 'b.test.ts'] });
    await ledger().beginBatch(id, 'b1', 'runner-1');
    await ledger().record(
      aChunk(id, {
        results: [aRow('a.test.ts', 'one', 'failed')],
        fileEnds: [anEnd('a.test.ts', 1, { status: 'failed' })],
      }),
    );
    expect(await ledger().beginBatch(id, 'b1', 'runner-2')).toMatchObject({ fence: 2, filesDone: ['a.test.ts'] });
    await ledger().record(
      aChunk(id, { fence: 2, results: [aRow('b.test.ts', 'two')], fileEnds: [anEnd('b.test.ts', 1)] }),
    );
    expect(await finish(ledger(), id, 2, 'passed')).toMatchObject({
      outcome: 'failed',
      tests: 2,
      failed: 1,
      message: '1 failed in an earlier attempt of this batch.',
    });
    expect(await ledger().batches(id)).toMatchObject([{ state: 'final', evidence: { outcome: 'failed' } }]);
  });

  test('an end mark that counts other tests than are stored is refused with everything beside it', async () => {
    const id = await anExecution(ledger(), { b1: ['a.test.ts'] });
    await ledger().beginBatch(id, 'b1', 'runner-1');
    await ledger().record(aChunk(id, { results: [aRow('a.test.ts', 'one')] }));
    const short = aChunk(id, { seq: 2, results: [aRow('a.test.ts', 'two')], fileEnds: [anEnd('a.test.ts', 3)] });
    await expect(ledger().record(short)).rejects.toThrow(
      'file a.test.ts of batch b1 ended with 3 tests, but the ledger holds 2',
    );
    expect(namesOf(await ledger().attempts(id))).toEqual(['one']);
    const twice = aChunk(id, {
      seq: 2,
      results: [aRow('a.test.ts', 'two'), aRow('a.test.ts', 'two')],
      fileEnds: [anEnd('a.test.ts', 3)],
    });
    await expect(ledger().record(twice)).rejects.toMatchObject({ name: 'LedgerConflict', status: 409 });
    await ledger().record(
      aChunk(id, { seq: 2, results: [aRow('a.test.ts', 'two')], fileEnds: [anEnd('a.test.ts', 2)] }),
    );
    await expect(ledger().record(aChunk(id, { seq: 3, results: [aRow('a.test.ts', 'three')] }))).rejects.toThrow(
      'had ended, and then reported more tests',
    );
    await expect(ledger().record(aChunk(id, { seq: 3, fileEnds: [anEnd('a.test.ts', 1)] }))).rejects.toThrow(
      'ended with 1 tests',
    );
  });

  test('a batch is not green while rows are red or files have no end', async () => {
    const id = await anExecution(ledger(), { b1: ['a.test.ts', 'b.test.ts'] });
    await ledger().beginBatch(id, 'b1', 'runner-1');
    await ledger().record(
      aChunk(id, {
        results: [aRow('a.test.ts', 'one')],
        fileEnds: [anEnd('a.test.ts', 1), anEnd('stranger.test.ts', 0)],
      }),
    );
    await expect(finish(ledger(), id, 1, 'passed')).rejects.toThrow('misses the end of 1 files');
    await expect(finish(ledger(), id, 1, 'failed')).rejects.toThrow(
      'batch b1 cannot be failed: the ledger holds 0 failed results',
    );
    expect(await ledger().batches(id)).toMatchObject([{ state: 'running', evidence: null }]);
    await expect(
      subject().query(
        `UPDATE batches SET state = 'final', outcome = 'passed', evidence = '{}', summary = '{}', files_ended = 1 WHERE execution = $1`,
        [id],
      ),
    ).rejects.toThrow('check constraint');
    expect(await finish(ledger(), id, 1, 'error_partial_report')).toMatchObject({
      outcome: 'error_partial_report',
      tests: 1,
    });
  });

  test('a batch that nobody ran can end as lost or cancelled', async () => {
    for (const outcome of ['lost_worker', 'cancelled', 'limit_memory'] as const) {
      const id = await anExecution(ledger(), { b1: ['a.test.ts'] });
      await ledger().beginBatch(id, 'b1', 'runner-1');
      expect(await finish(ledger(), id, 1, outcome)).toMatchObject({ outcome, tests: 0 });
    }
  });

  test('nothing is added after the end of the batch or after the verdict', async () => {
    const id = await anExecution(ledger(), { b1: ['a.test.ts'], b2: ['b.test.ts'] });
    await ledger().beginBatch(id, 'b1', 'runner-1');
    await ledger().beginBatch(id, 'b2', 'runner-1');
    await finish(ledger(), id, 1, 'cancelled');
    const late = { results: [aRow('a.test.ts', 'late')] };
    await expect(ledger().record(aChunk(id, late))).rejects.toThrow('too late: the batch has ended');
    const totals = { passed: 0, failed: 0, skipped: 0, flaky: 0, notRun: 2 };
    await ledger().storeVerdict(
      id,
      { verdict: 'cancelled', totals, problem: null, notes: [], sentence: 'cancelled' },
      [],
    );
    for (const call of [
      () => ledger().record(aChunk(id, { batch: 'b2', results: [aRow('b.test.ts', 'late')] })),
      () => ledger().beginBatch(id, 'b2', 'runner-2'),
      () => ledger().finishBatch(id, 'b2', 1, 'runner-1', { ...evidenceOf('cancelled') }, 1),
    ]) {
      const error: unknown = await call().catch((e: unknown) => e);
      expect(error).toBeInstanceOf(FenceRefused);
      expect(String(error)).toContain('the execution has its verdict');
    }
    expect(await ledger().attempts(id)).toEqual([]);
  });

  test('unknown executions and batches are named', async () => {
    const id = await anExecution(ledger(), { b1: ['a.test.ts'] });
    await expect(ledger().beginBatch(id, 'b9', 'r')).rejects.toThrow(
      new NotFound(`execution "${id}" has no batch "b9"`),
    );
    await expect(ledger().record(aChunk('nobody'))).rejects.toThrow(NotFound);
  });

  test('a result of another stage than the batch is refused', async () => {
    const id = await anExecution(ledger(), { b1: ['a.test.ts'] });
    await ledger().beginBatch(id, 'b1', 'runner-1');
    await expect(
      ledger().record(aChunk(id, { results: [aRow('a.test.ts', 'x', 'passed', { attempt: 2 })] })),
    ).rejects.toThrow('the batch is of stage 1');
  });
}

function evidenceOf(outcome: 'cancelled') {
  return {
    outcome,
    message: '',
    exit: null,
    reporterLoaded: false,
    reporterEnded: false,
    filesExpected: 1,
    filesEnded: 0,
    tests: 0,
    failed: 0,
    reportDigest: '',
    outputDigest: null,
  };
}
